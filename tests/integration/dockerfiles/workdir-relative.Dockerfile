FROM hershy-habits/busybox
COPY index.html /www/
WORKDIR /opt
WORKDIR app
WORKDIR ../other
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
