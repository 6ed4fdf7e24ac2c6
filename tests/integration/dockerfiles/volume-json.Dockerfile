FROM hershy-habits/busybox
COPY index.html /www/
VOLUME ["/var/www/html/", "/var/log/app"]
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
