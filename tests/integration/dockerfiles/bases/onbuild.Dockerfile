ARG BASE
FROM ${BASE}
ONBUILD WORKDIR /usr/src/app
ONBUILD COPY . /usr/src/app
ONBUILD RUN test -f index.html
