FROM hershy-habits/busybox
RUN exit 7
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
