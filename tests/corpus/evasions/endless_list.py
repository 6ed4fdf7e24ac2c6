# endless
# a list that grows while it is walked; fills the memory
rows = [b"x" * 1000]
for row in rows:
    rows.append(row * 2)
