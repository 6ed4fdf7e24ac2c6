FROM hershy-habits/busybox
ARG VERSION=1.2.3
ARG MINOR=${VERSION%.*}
ENV APP_VERSION=$VERSION
LABEL version=$VERSION minor="${MINOR}"
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
