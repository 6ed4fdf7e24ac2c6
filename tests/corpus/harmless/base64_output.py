import base64
import hashlib
import json

result = {"ok": True, "values": [1, 2, 3]}
payload = json.dumps(result).encode()
print(base64.b64encode(payload).decode("ascii"))
print(hashlib.md5(payload).hexdigest())
assert json.loads(base64.b64decode(base64.b64encode(payload))) == result
