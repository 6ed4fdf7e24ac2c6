class Circle:
    radius = 2


class Square:
    side = 3


class AreaVisitor:
    def visit(self, node):
        method = getattr(self, "visit_" + type(node).__name__.lower(), self.generic)
        return method(node)

    def visit_circle(self, node):
        return 3.14159 * node.radius**2

    def visit_square(self, node):
        return node.side**2

    def generic(self, node):
        raise TypeError(node.__class__.__name__)


print([AreaVisitor().visit(shape) for shape in (Circle(), Square())])
