ROUTES = {}


def route(path, methods=("GET",)):
    def decorate(function):
        for method in methods:
            ROUTES[method, path] = function
        return function

    return decorate


@route("/users/list")
def users():
    return ["ada", "bob"]


@route("/users/new", methods=("POST",))
def new_user():
    return "created"


for (method, path), handler in sorted(ROUTES.items()):
    print(method, path, handler.__name__, handler())
