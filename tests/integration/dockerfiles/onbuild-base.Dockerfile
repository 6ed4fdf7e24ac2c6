FROM hershy-habits/onbuild
RUN mkdir /www && cp /usr/src/app/index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
