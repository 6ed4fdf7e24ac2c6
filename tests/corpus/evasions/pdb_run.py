# the debugger runs text
import pdb
import io
try:
    pdb.Pdb(stdin=io.StringIO("c\n")).run("print('LEAK:', open('/etc/shadow').read())")
except Exception as error:
    print(type(error).__name__)
