FROM hershy-habits/busybox
SHELL ["/bin/sh", "-c"]
RUN echo a-b | { IFS=- read -r a b; test "$a" = a; }
RUN echo "x <<< y"
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
