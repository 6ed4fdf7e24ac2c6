from functools import partial, reduce
from operator import or_


def compose(*functions):
    return reduce(lambda f, g: lambda x: g(f(x)), functions)


double = partial(pow, 2)
print(compose(abs, str, len)(-1234), double(5))
print(reduce(or_, [{1}, {2}, {3}]))
