# a walrus takes exec aside; fills the disk
if (run := exec):
    try:
        run("with open('big', 'wb') as f:\n for _ in range(5000): f.write(bytes(1 << 20))")
    except OSError as error:
        print(type(error).__name__)
