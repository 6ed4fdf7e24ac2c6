FROM hershy-habits/busybox
COPY --from=9 /x /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
