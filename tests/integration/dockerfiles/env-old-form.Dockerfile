FROM hershy-habits/busybox
ENV GREETING hello to all
RUN test "$GREETING" = "hello to all"
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
