FROM hershy-habits/busybox
COPY index.html /www/
HEALTHCHECK NONE
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
