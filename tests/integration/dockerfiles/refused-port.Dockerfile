FROM hershy-habits/busybox
EXPOSE http
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
