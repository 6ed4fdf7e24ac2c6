FROM hershy-habits/busybox
SHELL /bin/sh -c
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
