# an external entity of an XML document
from xml.sax import make_parser, handler
import io


class Printer(handler.ContentHandler):
    def characters(self, content):
        print("LEAK:", content)


parser = make_parser()
parser.setFeature(handler.feature_external_ges, True)
parser.setContentHandler(Printer())
try:
    parser.parse(io.StringIO("<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/shadow'>]><a>&b;</a>"))
except Exception as error:
    print(type(error).__name__)
