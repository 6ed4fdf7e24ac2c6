FROM hershy-habits/busybox
COPY . /www
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
