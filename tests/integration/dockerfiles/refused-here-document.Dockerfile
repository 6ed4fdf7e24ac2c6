FROM hershy-habits/busybox
RUN <<EOF
echo x
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
