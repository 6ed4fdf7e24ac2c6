FROM hershy-habits/busybox
HEALTHCHECK --every=3s CMD true
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
