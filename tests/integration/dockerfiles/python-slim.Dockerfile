FROM hershy-habits/python:3.12-slim
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
ENV MAJOR=${PYTHON_VERSION%%.*} UNDERSCORED=${PYTHON_VERSION//./_}
RUN test "$UNDERSCORED" = 3_12_4
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
