"""What the tests of the Sandbox contract run: real code, and the same thing as a script for the twin."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hershy.core.resources import MIB
from hershy.sandbox.domain.job import SandboxJob
from hershy_adapters.memory.sandbox_script import Compute, Die, Exit, Print, Raise, Steps, Take, Wait, Write


@dataclass(frozen=True, slots=True)
class Sample:
    """Python ``code``, or a ``command``, and what it does. ``steps`` None: the twin finds out by itself."""

    code: str | None = None
    steps: Steps | None = ()
    command: tuple[str, ...] = ()

    def job(self, **options: Any) -> SandboxJob:
        """``options`` are further ones of SandboxJob."""
        return SandboxJob(self.code, self.command, **options)


Teach = Callable[[Sample], None]

STREAMS = Sample(
    'import sys\nprint("to stdout")\nprint("to stderr", file=sys.stderr)\n',
    (Print("to stdout\n"), Print("to stderr\n", to_stderr=True)),
)
UNICODE = Sample('print("zażółć 🐍")\n', (Print("zażółć 🐍\n"),))
NO_LINE_END = Sample('print("no line end", end="")\n', (Print("no line end"),))
SILENT = Sample("", ())

# ends

EXITS_WITH_3 = Sample('import sys\nprint("before")\nsys.exit(3)\n', (Print("before\n"), Exit(3)))
EXITS_WITH_WORDS = Sample('import sys\nsys.exit("last words")\n', (Print("last words\n", to_stderr=True), Exit(1)))
EXITS_WITH_137 = Sample("import sys\nsys.exit(137)\n", (Exit(137),))
VALUE_ERROR = Sample(
    'def divide():\n    raise ValueError("not today")\n\n\nprint("before")\ndivide()\n',
    (Print("before\n"), Raise("ValueError", "not today", 2)),
)
ERROR_IN_A_MODULE = Sample("import helper\n\nhelper.help()\n", (Raise("KeyError", "'nothing'", 2, "helper.py"),))
HELPER = {"helper.py": "def help():\n    {}['nothing']\n"}
LIBRARY_ERROR = Sample(
    'import json\n\njson.loads("{")\n',
    (Raise("JSONDecodeError", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)", 3),),
)
IMPORT_ERROR = Sample("import no_such_module\n", (Raise("ModuleNotFoundError", "No module named 'no_such_module'"),))
NO_INPUT = Sample("input()\n", (Raise("EOFError", "EOF when reading a line"),))
NOT_PYTHON = Sample('print("it ran")\nx = = 2\n', None)
LATE_SYNTAX_ERROR = Sample('x = 1\nexec("(")\n', (Raise("SyntaxError", "'(' was never closed (<string>, line 1)", 2),))
KILLS_ITSELF = Sample(
    'import os, signal\nprint("before", flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n',
    (Print("before\n"), Die(9)),
)
CRASHES = Sample("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n", (Die(11),))

# limits

ENDLESS = Sample('print("begun", flush=True)\nwhile True:\n    pass\n', (Print("begun\n"), Compute()))
SLEEPS = Sample('import time\nprint("begun", flush=True)\ntime.sleep(1000)\n', (Print("begun\n"), Wait()))
DEAF = Sample(
    "import signal, time\n"
    "for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):\n"
    "    signal.signal(number, signal.SIG_IGN)\n"
    "time.sleep(1000)\n",
    (Wait(),),
)
EATS_MEMORY = Sample(
    'print("hungry", flush=True)\nheld = []\nwhile True:\n    held.append(b"x" * 10_000_000)\n',
    (Print("hungry\n"), *[Take(10_000_000)] * 500),
)
MEMORY_ERROR = Sample("raise MemoryError\n", (Raise("MemoryError"),))
HOLDS_100_MIB = Sample(f'held = b"x" * {100 * MIB}\nprint(len(held))\n', (Take(100 * MIB), Print(f"{100 * MIB}\n")))
COMPUTES = Sample(
    "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end:\n    pass\n",
    (Compute(timedelta(seconds=0.3)),),
)


def prints(count: int, stream: str = "stdout", line_bytes: int = 100) -> Sample:
    """Writes so many lines, each so many bytes long with its end."""
    code = (
        f'import sys\nline = "x" * {line_bytes - 1} + "\\n"\nfor _ in range({count}):\n    sys.{stream}.write(line)\n'
    )
    return Sample(code, (Print(b"x" * (line_bytes - 1) + b"\n", stream == "stderr", count),))


BOTH_STREAMS = Sample(
    "import sys\nfor i in range(500):\n    print('out', i)\n    print('err', i, file=sys.stderr)\n",
    tuple(Print(f"{name} {i}\n", name == "err") for i in range(500) for name in ("out", "err")),
)
SMALL_WRITES = Sample(
    "import os\nfor _ in range(20_000):\n    os.write(1, b'.')\n",
    (Print(".", times=20_000),),
)

# what it is given, and what it leaves

ECHO = Sample(
    "import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read())\n",
    (Print(lambda job: job.input),),
)


def _surroundings(job: SandboxJob) -> str:
    content = job.contents["data/deep/in.txt"].decode()
    return f"__main__ main.py /work {list(job.args)} {job.env['COLOUR']} {content}\n"


SURROUNDINGS = Sample(
    "import os, sys\n"
    'content = open("data/deep/in.txt", encoding="utf-8").read()\n'
    'print(__name__, sys.argv[0], os.getcwd(), sys.argv[1:], os.environ["COLOUR"], content)\n',
    (Print(_surroundings),),
)
WRITES_FILES = Sample(
    "import os\n"
    'os.makedirs("out/deep")\n'
    'open("out/a.txt", "w").write("A")\n'
    'open("out/deep/b.bin", "wb").write(bytes(range(256)))\n'
    'open("other.txt", "w").write("other")\n',
    (Write("out/a.txt", "A"), Write("out/deep/b.bin", bytes(range(256))), Write("other.txt", "other")),
)
WRITES_AND_FAILS = Sample(
    'open("log.txt", "w").write("so far")\n1 / 0\n',
    (Write("log.txt", "so far"), Raise("ZeroDivisionError", "division by zero", 2)),
)
LINKS = Sample(
    "import os\n"
    'os.symlink("/etc/passwd", "file")\n'
    'os.symlink("/etc", "folder")\n'
    'os.mkfifo("pipe")\n'
    'open("plain.txt", "w").write("plain")\n',
    (Write("plain.txt", "plain"),),
)
WRITES_SMALL_AND_LARGE = Sample(
    'open("large.bin", "wb").write(b"x" * 300_000)\nopen("small.txt", "w").write("small")\n',
    (Write("large.bin", b"x" * 300_000), Write("small.txt", "small")),
)
KEEPS_ITS_NAME = Sample(
    'import sys, time\nwith open("mine.txt", "a") as mine:\n    mine.write(sys.argv[1])\ntime.sleep(0.3)\n',
    (Write("mine.txt", lambda job: job.args[0]), Wait(timedelta(seconds=0.3))),
)

# tricks

LEAVES_A_DAEMON = Sample(
    "import os, time\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    if os.fork() == 0:\n"
    "        time.sleep(1000)\n"
    "    os._exit(0)\n"
    'print("done")\n',
    (Print("done\n"),),
)
CLOSES_ITS_OUTPUT = Sample(
    'import os, time\nprint("before", flush=True)\nos.close(1)\nos.close(2)\ntime.sleep(0.2)\nos._exit(5)\n',
    (Print("before\n"), Wait(timedelta(seconds=0.2)), Exit(5)),
)
FRAMING = b"hershy-sandbox-ready\n\x01\x00\x00\x00\x00\x00\x00\x05hello\x02\x00\x00code 0\n\n\x00\xff" + b"0" * 32
PRETENDS = Sample(
    f"import sys\nfor stream in (sys.stdout, sys.stderr):\n    stream.buffer.write({FRAMING!r})\nsys.exit(7)\n",
    (Print(FRAMING), Print(FRAMING, to_stderr=True), Exit(7)),
)
LOOKS_AROUND = Sample(
    "import os, socket\n\n\n"
    "def fails(attempt):\n"
    "    try:\n"
    "        attempt()\n"
    "    except OSError:\n"
    "        return True\n"
    "    return False\n\n\n"
    'print("not root:", os.getuid() != 0)\n'
    "route = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
    'print("no network:", fails(lambda: route.connect(("192.0.2.1", 80))))\n'
    'print("read-only:", all(fails(lambda: open(f"{it}/x", "w")) for it in ("", "/usr", "/etc", "/root")))\n',
    (Print("not root: True\nno network: True\nread-only: True\n"),),
)

# commands

COMMAND = Sample(None, (Print("42\n"),), ("python3", "-c", "print(6 * 7)"))
FAILING_COMMAND = Sample(
    None,
    (Print("bad\n", to_stderr=True), Exit(4)),
    ("python3", "-c", "import sys; print('bad', file=sys.stderr); sys.exit(4)"),
)
NO_COMMAND = Sample(
    None,
    (Print("no-such-command: No such file or directory\n", to_stderr=True), Exit(127)),
    ("no-such-command",),
)


def _said_by_shell(job: SandboxJob) -> bytes:
    return job.input + f"{job.env['COLOUR']}\n".encode() + job.contents["data/in.txt"]


SHELL = Sample(
    None,
    (Print(_said_by_shell), Print("warned\n", to_stderr=True), Write("out.txt", "left\n"), Exit(4)),
    ("sh", "-c", 'cat; echo "$COLOUR"; cat data/in.txt; echo warned >&2; echo left >out.txt; exit 4'),
)
ENDLESS_SHELL = Sample(None, (Print("begun\n"), Wait()), ("sh", "-c", "echo begun; while :; do sleep 1; done"))
