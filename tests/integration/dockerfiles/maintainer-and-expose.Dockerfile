FROM hershy-habits/busybox
MAINTAINER somebody@example.com
EXPOSE 8080 8443/tcp 53/udp 9000-9002
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
