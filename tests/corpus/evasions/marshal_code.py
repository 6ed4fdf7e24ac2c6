# code packed by marshal; opens the memory of the machine
import marshal
source = "print('LEAK:', open('/dev/mem', 'rb').read(16))"
packed = marshal.dumps(compile(source, "x", "exec"))
try:
    exec(marshal.loads(packed))
except Exception as error:
    print(type(error).__name__)
