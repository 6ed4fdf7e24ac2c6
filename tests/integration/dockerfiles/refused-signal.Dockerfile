FROM hershy-habits/busybox
STOPSIGNAL SIGNOTHING
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
