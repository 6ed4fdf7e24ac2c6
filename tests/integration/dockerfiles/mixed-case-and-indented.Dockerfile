FROM hershy-habits/busybox
  Copy index.html /www/
	Run true
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
