FROM hershy-habits/busybox
COPY *.html conf/*.conf /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
