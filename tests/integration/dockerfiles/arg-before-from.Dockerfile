ARG TAG=latest
FROM hershy-habits/busybox:${TAG}
ARG TAG
RUN test -n "$TAG"
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
