# coding: utf-7
# the encoding makes code of what looks like a comment
#+AAo-import os
#+AAo-os.system("sed 's/^/LEAK:/' $HERSHY_CANARY_FILE")
print("nothing to see")
