FROM hershy-habits/busybox
COPY index.html /a/
FROM hershy-habits/busybox
COPY --from=0 /a/ /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
