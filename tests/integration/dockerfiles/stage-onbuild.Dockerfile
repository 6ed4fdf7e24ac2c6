FROM hershy-habits/busybox AS parent
ENV P=/x
ONBUILD ENV P=$P:$P
FROM parent
RUN test "$P" = /x:/x
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
