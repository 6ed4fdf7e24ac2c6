FROM hershy-habits/busybox
COPY --owner=1 index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
