FROM hershy-habits/busybox
COPY index.html /www/
VOLUME //data /a/./b
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
