# a program in a file that is only in memory
import os
try:
    descriptor = os.memfd_create("x")
    os.write(descriptor, b"#!/bin/sh\nsed 's/^/LEAK:/' $HERSHY_CANARY_FILE\n")
    os.execve(descriptor, ["x"], dict(os.environ))
except OSError as error:
    print(type(error).__name__)
