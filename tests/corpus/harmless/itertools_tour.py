import itertools as it
from operator import add, attrgetter, itemgetter, mul

print(list(it.accumulate(range(1, 6), mul)))
print(list(it.combinations("abc", 2)), list(map(add, [1, 2], [3, 4])))
people = [{"name": "Bo", "team": "x"}, {"name": "Al", "team": "y"}, {"name": "Cy", "team": "x"}]
people.sort(key=itemgetter("team", "name"))
for team, members in it.groupby(people, key=itemgetter("team")):
    print(team, [member["name"] for member in members])
print(max([3 + 4j, 1 + 1j], key=attrgetter("real")))
for number in it.count(10, 5):
    if number > 30:
        break
    print(number)
