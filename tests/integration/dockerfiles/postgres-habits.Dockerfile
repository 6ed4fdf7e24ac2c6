FROM hershy-habits/postgres:16
ENV POSTGRES_DB=app
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
