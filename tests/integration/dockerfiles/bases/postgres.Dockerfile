ARG BASE
FROM ${BASE}
ENV PGDATA=/var/lib/postgresql/data PG_MAJOR=16
VOLUME /var/lib/postgresql/data
COPY --chmod=755 docker-entrypoint.sh /usr/local/bin/
ENTRYPOINT ["/usr/local/bin/docker-entrypoint.sh"]
STOPSIGNAL SIGINT
EXPOSE 5432
CMD ["postgres"]
