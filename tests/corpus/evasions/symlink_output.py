# a link among the outputs leads to a file of the host
import os
for number, target in enumerate([os.environ.get("HERSHY_CANARY_FILE", "/etc/shadow"), "/etc/shadow", "/proc/1/environ"]):
    try:
        os.symlink(target, f"result-{number}.txt")
    except OSError as error:
        print(type(error).__name__)
