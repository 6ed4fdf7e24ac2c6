FROM hershy-habits/busybox
ENV A
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
