FROM hershy-habits/busybox
COPY <<A <<B /www/
hello a
A
hello b
B
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
