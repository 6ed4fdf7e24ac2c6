FROM hershy-habits/busybox latest
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
