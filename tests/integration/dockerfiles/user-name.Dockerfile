FROM hershy-habits/busybox
RUN adduser -D app 2>/dev/null || echo "app:x:1000:1000::/:/bin/sh" >> /etc/passwd
COPY index.html /www/
USER app
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
