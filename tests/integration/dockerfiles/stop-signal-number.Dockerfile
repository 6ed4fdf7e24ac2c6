FROM hershy-habits/busybox
STOPSIGNAL 9
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
