FROM hershy-habits/busybox
ADD index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
