class lazy:
    def __init__(self, function):
        self.function = function
        self.__doc__ = function.__doc__

    def __get__(self, instance, owner):
        if instance is None:
            return self
        value = instance.__dict__[self.function.__name__] = self.function(instance)
        return value


class Circle:
    def __init__(self, radius):
        self.radius = radius

    @lazy
    def area(self):
        """Worked out once."""
        print("working")
        return 3.14 * self.radius**2


circle = Circle(2)
print(circle.area, circle.area, Circle.area.__doc__)
