FROM hershy-habits/busybox
COPY index.html /www/
WORKDIR /state/app
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
