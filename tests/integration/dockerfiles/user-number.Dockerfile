FROM hershy-habits/busybox
COPY index.html /www/
USER 1234
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
