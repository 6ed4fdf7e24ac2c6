FROM hershy-habits/busybox
RUN --mount=type=cache,target=/root/.cache echo cached > /root/.cache/x
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
