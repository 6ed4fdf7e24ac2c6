FROM hershy-habits/busybox AS base
ENV ROOT=/www
FROM base AS deps
COPY index.html ${ROOT}/
FROM deps
COPY --from=base /etc /etc-of-base
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
