FROM hershy-habits/busybox
# a comment
COPY index.html /www/
# another
RUN true \
  # inside a continuation
  && echo done
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
