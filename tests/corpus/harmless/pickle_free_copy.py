import copy
import operator


class Grid:
    def __init__(self, cells):
        self.cells = cells

    def __copy__(self):
        return Grid(self.cells)

    def __deepcopy__(self, memo):
        return Grid(copy.deepcopy(self.cells, memo))


grid = Grid([[1], [2]])
shallow, deep = copy.copy(grid), copy.deepcopy(grid)
grid.cells[0][0] = 9
print(shallow.cells, deep.cells, list(map(operator.methodcaller("upper"), ["a", "b"])))
