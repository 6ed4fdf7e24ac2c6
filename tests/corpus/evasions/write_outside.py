# shutil copies into a place outside
import os
import shutil
with open("payload.txt", "w") as file:
    file.write("escaped")
try:
    shutil.copy("payload.txt", os.environ.get("HERSHY_CANARY_WRITE", "/nonexistent/dir/x"))
    shutil.copy("payload.txt", "/etc/cron.d/escaped")
except OSError as error:
    print(type(error).__name__)
