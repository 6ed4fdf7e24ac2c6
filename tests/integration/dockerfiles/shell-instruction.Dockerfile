FROM hershy-habits/busybox
SHELL ["/bin/sh", "-eux", "-o", "pipefail", "-c"]
RUN ver=1.84.0; dir=boost_${ver//./_}; test "$dir" = boost_1_84_0
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
