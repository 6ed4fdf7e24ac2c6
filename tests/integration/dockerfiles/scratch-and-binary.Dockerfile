FROM hershy-habits/busybox AS tools
COPY index.html /www/
FROM scratch
COPY --from=tools / /
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
