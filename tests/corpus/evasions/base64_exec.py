# code in base64; reads the canary file
import base64
code = base64.b64decode("aW1wb3J0IG9zCnByaW50KCJMRUFLOiIsIG9wZW4ob3MuZW52aXJvblsiSEVSU0hZX0NBTkFSWV9GSUxFIl0pLnJlYWQoKSk=")
try:
    exec(code)
except Exception as error:
    print(type(error).__name__)
