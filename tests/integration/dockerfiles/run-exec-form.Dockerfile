FROM hershy-habits/busybox
RUN ["sh", "-c", "echo ${HOME//o/0} && mkdir -p /www"]
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
