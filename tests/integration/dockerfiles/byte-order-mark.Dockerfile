FROM hershy-habits/busybox
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
