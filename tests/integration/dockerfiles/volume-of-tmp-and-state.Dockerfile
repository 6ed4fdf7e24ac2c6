FROM hershy-habits/busybox
COPY index.html /www/
VOLUME /tmp/ /state/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
