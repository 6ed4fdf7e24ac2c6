# __import__ of a name from rot13; changes the root directory
import codecs
try:
    m = __import__(codecs.decode("bf", "rot13"))
    getattr(m, codecs.decode("puebbg", "rot13"))("/")
    print("changed root")
except Exception as error:
    print(type(error).__name__)
