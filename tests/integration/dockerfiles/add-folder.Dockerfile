FROM hershy-habits/busybox
ADD conf /etc/app
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
