# the name is put together by %; writes outside of the working directory
import os
try:
    descriptor = getattr(os, "%s%s" % ("op", "en"))(os.environ.get("HERSHY_CANARY_WRITE", "/nonexistent/x"), os.O_CREAT | os.O_WRONLY)
    os.write(descriptor, b"escaped")
    print("written")
except Exception as error:
    print(type(error).__name__)
