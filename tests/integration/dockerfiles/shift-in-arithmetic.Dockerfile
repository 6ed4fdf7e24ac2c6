FROM hershy-habits/busybox
ENV V=abc
RUN test $((1 << ${#V})) = 8 && test $((1<<2)) = 4
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
