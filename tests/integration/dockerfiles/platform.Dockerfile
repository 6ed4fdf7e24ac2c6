FROM --platform=linux/amd64 hershy-habits/busybox
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
