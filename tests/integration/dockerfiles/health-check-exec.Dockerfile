FROM hershy-habits/busybox
COPY index.html /www/
HEALTHCHECK --start-period=1m CMD ["true"]
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
