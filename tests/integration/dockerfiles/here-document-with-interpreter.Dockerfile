FROM hershy-habits/busybox
RUN <<-'SCRIPT' sh
	set -e
	for f in a b; do echo ${f/a/c}; done
	SCRIPT
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
