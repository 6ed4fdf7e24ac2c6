# the metadata service by urllib
import urllib.request
for url in ("http://169.254.169.254/", "http://169.254.170.2/v2/credentials"):
    try:
        print("LEAK:", urllib.request.urlopen(url, timeout=0.5).read())
    except Exception as error:
        print(type(error).__name__)
