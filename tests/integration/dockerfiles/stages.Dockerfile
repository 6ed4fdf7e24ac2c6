FROM hershy-habits/busybox AS build
WORKDIR /src
COPY index.html .
RUN cp index.html out.html

FROM hershy-habits/busybox
COPY --from=build /src/out.html /www/index.html
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
