FROM hershy-habits/golang:1.22 AS build
WORKDIR /src
COPY conf/*.conf ./
RUN --mount=type=cache,target=/root/.cache/go-build --mount=type=cache,target=/go/pkg/mod echo built > /out
FROM hershy-habits/busybox
COPY --from=build /out /usr/local/bin/app
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
