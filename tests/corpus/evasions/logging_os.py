# logging has imported os for itself; setpriority and a new session
import logging
try:
    print(logging.os.nice(-20))
except Exception as error:
    print(type(error).__name__)
try:
    print(logging.os.setsid(), logging.os.setgroups([0]))
except Exception as error:
    print(type(error).__name__)
