FROM hershy-habits/busybox
RUN --mount=type=tmpfs,target=/scratch echo x > /scratch/x
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
