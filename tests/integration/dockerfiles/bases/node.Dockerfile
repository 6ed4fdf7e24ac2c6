ARG BASE
FROM ${BASE}
RUN adduser -D -u 1000 node || true
ENV NODE_VERSION=20.14.0 YARN_VERSION=1.22.22
COPY --chmod=755 docker-entrypoint.sh /usr/local/bin/
ENTRYPOINT ["/usr/local/bin/docker-entrypoint.sh"]
CMD ["node"]
