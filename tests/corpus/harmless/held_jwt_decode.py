import base64
import json

token = "eyJhbGciOiAibm9uZSJ9.eyJzdWIiOiAiYWRhIiwgImFkbWluIjogZmFsc2V9."
header, payload, _ = token.split(".")


def part(text):
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


print(part(header)["alg"], part(payload)["sub"])
