# an interpreter inside the interpreter
import code
code.InteractiveInterpreter().runsource("import os; os.system('cat $HERSHY_CANARY_FILE | sed s/^/LEAK:/')")
