# the module's name is put together by an f-string; connects to the host
a, b = "soc", "ket"
try:
    module = __import__(f"{a}{b}")
    env = __import__("o" "s").environ
    connection = module.create_connection((env.get("HERSHY_CANARY_HOST", "127.0.0.1"), int(env.get("HERSHY_CANARY_PORT", "1"))), 1)
    connection.sendall(b"escaped")
    print("LEAK: connected")
except Exception as error:
    print(type(error).__name__)
