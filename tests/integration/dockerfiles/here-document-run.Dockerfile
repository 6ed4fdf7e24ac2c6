FROM hershy-habits/busybox
RUN <<EOF
set -e
mkdir -p /www
echo "made ${HOME#/}" > /tmp/x
EOF
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
