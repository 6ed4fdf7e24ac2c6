FROM hershy-habits/busybox
COPY index.html /www/
ENV APP_HOME=/srv/app
WORKDIR ${APP_HOME}/current
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
