import xml.etree.ElementTree as ET

root = ET.fromstring("<shop><item price='3'>tea</item><item price='5'>cake</item></shop>")
total = 0
for item in root.iter("item"):
    total += int(item.get("price"))
    print(item.text, item.attrib["price"])
ET.SubElement(root, "total").text = str(total)
print(ET.tostring(root, encoding="unicode"))
