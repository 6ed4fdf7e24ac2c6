name, amount = "Ada", 1234.5
print("{:>10}|{:<10}|{:^10}".format("right", "left", "mid"))
print("{name} owes {amount:,.2f}".format(name=name, amount=amount))
print("%-8s %06.2f %x" % (name, amount, 255))
print(f"{name!r:>8} {amount:e} {'nested ' + name}")
print("{0[0]} {1[a]} {2.real}".format([1, 2], {"a": 3}, 4j))
