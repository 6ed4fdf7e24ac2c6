FROM hershy-habits/busybox
COPY index.html /www/
RUN echo "staff:x:50:" >> /etc/group
USER 1234:staff
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
