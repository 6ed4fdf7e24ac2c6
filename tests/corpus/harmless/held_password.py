import hashlib
import hmac
import secrets
import string


def make(length=12):
    alphabet = string.ascii_letters + string.digits + "!?-"
    while True:
        password = "".join(secrets.choice(alphabet) for _ in range(length))
        if any(c.isdigit() for c in password) and any(c.isupper() for c in password):
            return password


def stored(password, salt=None):
    salt = salt or secrets.token_bytes(16)
    return salt, hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1000)


salt, digest = stored(make())
print(len(salt), hmac.compare_digest(digest, digest), secrets.token_hex(4) != secrets.token_urlsafe(4))
