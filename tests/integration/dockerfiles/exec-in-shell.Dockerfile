FROM hershy-habits/busybox
COPY index.html /www/
CMD exec httpd -f -p 8080 -h /www
