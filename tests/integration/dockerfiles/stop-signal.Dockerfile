FROM hershy-habits/busybox
STOPSIGNAL SIGQUIT
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
