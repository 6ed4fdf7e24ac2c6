FROM hershy-habits/busybox
ARG DATA=/srv/data
VOLUME ${DATA}
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
