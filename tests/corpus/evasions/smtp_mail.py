# a mail server's port
import os
import smtplib
try:
    smtplib.SMTP(os.environ.get("HERSHY_CANARY_HOST", "127.0.0.1"), int(os.environ.get("HERSHY_CANARY_PORT", "1")), timeout=1)
except Exception as error:
    print(type(error).__name__)
