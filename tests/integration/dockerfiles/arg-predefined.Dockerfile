FROM hershy-habits/busybox
ARG TARGETARCH
ARG BUILDPLATFORM
RUN echo $TARGETARCH ${TARGETARCH:-amd64} $BUILDPLATFORM
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
