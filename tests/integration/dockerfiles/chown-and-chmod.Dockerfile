FROM hershy-habits/busybox
COPY --chown=1000:1000 --chmod=644 index.html /www/
USER 1000
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
