FROM hershy-habits/busybox
COPY --from=hershy-habits/nginx /docker-entrypoint.sh /x.sh
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
