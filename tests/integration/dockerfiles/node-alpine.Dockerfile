FROM hershy-habits/node:20-alpine
WORKDIR /usr/src/app
COPY --chown=1000:1000 . .
COPY index.html /www/
USER 1000
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
