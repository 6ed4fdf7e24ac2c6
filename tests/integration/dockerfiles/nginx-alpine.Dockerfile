FROM hershy-habits/nginx:1.27-alpine
RUN rm -rf /etc/nginx/conf.d/*
COPY index.html /www/
EXPOSE 8080
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
