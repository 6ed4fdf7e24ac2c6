FROM hershy-habits/busybox
ENV A=1 B="two words" C=three\ words D='$A'
ENV E=$A F="${B} and ${C}" G=${UNSET:-default} H=${A:+set}
RUN test "$F" = "two words and three words" && test "$G" = default
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
