# a temporary file goes to a folder of its own choice
import os
import tempfile
try:
    with tempfile.NamedTemporaryFile("w", dir=os.path.dirname(os.environ.get("HERSHY_CANARY_WRITE", "/nonexistent/x")), delete=False) as file:
        file.write("escaped")
    print("written", file.name)
except OSError as error:
    print(type(error).__name__)
