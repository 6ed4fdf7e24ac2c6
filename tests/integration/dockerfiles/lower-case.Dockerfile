FROM hershy-habits/busybox
copy index.html /www/
run true
workdir /www
expose 8080
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
