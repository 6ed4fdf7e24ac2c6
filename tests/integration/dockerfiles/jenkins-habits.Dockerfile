FROM hershy-habits/jenkins:lts
USER root
COPY index.html /www/
USER 1000
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
