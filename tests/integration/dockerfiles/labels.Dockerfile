FROM hershy-habits/busybox
LABEL org.opencontainers.image.source="https://example.com/x" \
      org.opencontainers.image.licenses=MIT
LABEL "com.example.vendor"="A B" description="This text \
spans lines"
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
