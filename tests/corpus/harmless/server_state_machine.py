import sys


class Machine:
    TRANSITIONS = {("idle", "start"): "running", ("running", "pause"): "paused", ("paused", "start"): "running"}

    def __init__(self):
        self.state = "idle"

    def send(self, event):
        try:
            self.state = self.TRANSITIONS[self.state, event]
        except KeyError:
            print(f"{event!r} is not possible when {self.state}", file=sys.stderr)
            return False
        return True


machine = Machine()
events = iter(["start", "pause", "stop", "start"])
while True:
    event = next(events, None)
    if event is None:
        sys.exit(0)
    machine.send(event)
    print(machine.state)
