FROM hershy-habits/busybox
RUN mkdir -p /a \

    /b
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
