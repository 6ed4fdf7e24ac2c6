FROM hershy-habits/busybox
COPY index.html /www/
VOLUME /data/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
