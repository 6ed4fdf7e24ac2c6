class Node:
    def __init__(self, value, following=None):
        self.value = value
        self.following = following


class LinkedList:
    def __init__(self, items=()):
        self.head = None
        for item in reversed(list(items)):
            self.head = Node(item, self.head)

    def __iter__(self):
        node = self.head
        while node is not None:
            yield node.value
            node = node.following

    def __len__(self):
        return sum(1 for _ in self)

    def __contains__(self, value):
        return any(item == value for item in self)

    def reverse(self):
        previous, node = None, self.head
        while node:
            node.following, previous, node = previous, node, node.following
        self.head = previous


items = LinkedList("abc")
items.reverse()
print(list(items), len(items), "b" in items)
