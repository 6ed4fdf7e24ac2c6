FROM hershy-habits/busybox
COPY index.html /www/
ENV PORT=8080
CMD ["sh", "-c", "exec httpd -f -p ${PORT:-80} -h /www"]
