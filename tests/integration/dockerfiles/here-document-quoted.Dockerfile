FROM hershy-habits/busybox
COPY <<'EOF' /start.sh
#!/bin/sh
exec httpd -f -p ${PORT:-8080} -h "${ROOT:-/www}"
EOF
COPY index.html /www/
CMD ["sh", "/start.sh"]
