import html
from html.parser import HTMLParser
from urllib.parse import parse_qs, quote, urlencode, urlparse


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.links = []

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.links.append(dict(attrs).get("href"))


parser = Links()
parser.feed('<p><a href="https://example.com/a?x=1&y=2">a</a></p>')
url = urlparse(parser.links[0])
print(url.netloc, parse_qs(url.query), html.escape("<b>"), quote("a b"), urlencode({"q": "ü"}))
