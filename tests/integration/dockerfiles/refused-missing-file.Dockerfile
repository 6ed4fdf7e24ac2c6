FROM hershy-habits/busybox
COPY nothing.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
