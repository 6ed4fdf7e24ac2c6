FROM hershy-habits/busybox
COPY index.html /www/
ENTRYPOINT ["httpd", "-f"]
CMD ["-p", "8080", "-h", "/www"]
