# a module is written, then imported by its name
with open("helper_made_here.py", "w") as file:
    file.write("import subprocess\nprint('LEAK:', subprocess.run(['cat', '/etc/shadow'], capture_output=True).stdout)\n")
try:
    import helper_made_here
except Exception as error:
    print(type(error).__name__)
