FROM hershy-habits/busybox
RUN --mount=type=bind,source=index.html,target=/in.html mkdir /www && cp /in.html /www/index.html
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
