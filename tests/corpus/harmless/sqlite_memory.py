import sqlite3

with sqlite3.connect(":memory:") as connection:
    connection.execute("create table people (name text, born integer)")
    connection.executemany("insert into people values (?, ?)", [("Ada", 1815), ("Alan", 1912)])
    for name, born in connection.execute("select name, born from people where born > ?", (1900,)):
        print(name, born)
