FROM hershy-habits/busybox
RUN for f in a-b c-d; do : "${f/-/_}"; done; v=x.y.z; echo "${v%%.*}" "${v#*.}" "${#v}" "${v:-none}" "${v:0:1}"
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
