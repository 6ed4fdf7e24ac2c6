# escape=`
FROM hershy-habits/busybox
COPY index.html /www/
RUN echo a `
 && echo b
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
