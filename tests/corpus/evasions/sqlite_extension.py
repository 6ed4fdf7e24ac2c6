# a database loads machine code
import sqlite3
connection = sqlite3.connect(":memory:")
try:
    connection.enable_load_extension(True)
    connection.load_extension("/work/evil.so")
except Exception as error:
    print(type(error).__name__)
