FROM hershy-habits/busybox
ENV PORT=8080
EXPOSE $PORT ${PORT}/udp
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
