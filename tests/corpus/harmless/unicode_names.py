import unicodedata

größe = 3
π = 3.14159
print("Fläche:", π * größe**2)
for letter in "aä€漢":
    print(letter, unicodedata.name(letter), hex(ord(letter)), letter.encode("utf-8"))
print("".join(c for c in unicodedata.normalize("NFD", "Zürich") if not unicodedata.combining(c)))
