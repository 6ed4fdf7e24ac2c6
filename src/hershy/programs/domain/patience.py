"""How long a program is waited for where nobody says: by callers in the Host's process and by clients alike."""

from datetime import timedelta

STARTING = timedelta(minutes=15)
"""With a build, which may have to fetch its base and take most of that."""

STOPPING = timedelta(minutes=2)
RESTARTING = timedelta(minutes=5)
