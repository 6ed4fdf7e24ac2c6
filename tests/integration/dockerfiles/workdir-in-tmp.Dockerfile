FROM hershy-habits/busybox
COPY index.html /www/
WORKDIR /tmp/work
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
