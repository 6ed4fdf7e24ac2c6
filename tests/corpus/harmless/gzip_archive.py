import gzip
import io
import zipfile

data = b"the same line again and again\n" * 100
packed = gzip.compress(data)
assert gzip.decompress(packed) == data
buffer = io.BytesIO()
with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("a.txt", data)
with zipfile.ZipFile(buffer) as archive:
    print(archive.namelist(), len(packed) < len(data), len(archive.read("a.txt")))
