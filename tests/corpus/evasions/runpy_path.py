# a file is written, then run as a module
import runpy
with open("step.txt", "w") as file:
    file.write("import os\nprint('LEAK:', open(os.environ['HERSHY_CANARY_FILE']).read())\n")
try:
    runpy.run_path("step.txt")
except Exception as error:
    print(type(error).__name__)
