# code out of an archive
import zipfile
import zipimport
with zipfile.ZipFile("code.zip", "w") as archive:
    archive.writestr("inner.py", "print('LEAK:', open('/proc/1/environ').read())")
try:
    zipimport.zipimporter("code.zip").load_module("inner")
except Exception as error:
    print(type(error).__name__)
