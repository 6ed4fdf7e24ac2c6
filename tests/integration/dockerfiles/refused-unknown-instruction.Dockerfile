FROM hershy-habits/busybox
INSTALL curl
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
