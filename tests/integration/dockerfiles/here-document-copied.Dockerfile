FROM hershy-habits/busybox
COPY <<EOF /www/index.html
hello
EOF
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
