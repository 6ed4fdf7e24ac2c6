"""Which modules a program may import freely, and what is wrong with others. A table; what is in none is unlisted."""

import sys

from .words import words

_FREE = """
__future__ abc argparse array ast asyncio base64 binascii bisect bz2 calendar cmath cmd codecs collections colorsys
concurrent configparser contextlib contextvars copy csv dataclasses datetime decimal difflib email enum errno filecmp
fileinput fnmatch fractions functools gc getopt gettext glob graphlib gzip hashlib heapq hmac html http io ipaddress
itertools json keyword linecache locale logging lzma math mimetypes numbers operator optparse os pathlib platform
plistlib pprint queue quopri random re reprlib sched secrets shlex shutil sqlite3 stat statistics string stringprep
struct sys sysconfig tempfile textwrap this threading time timeit token tokenize tomllib traceback tracemalloc types
typing unicodedata unittest urllib uu uuid warnings wave weakref xml zipfile zlib zoneinfo atexit dis symtable tarfile
"""
_DATA = """
PIL altair attr attrs bokeh bs4 catboost cv2 cvxpy dask dateutil geopandas jinja2 joblib keras lightgbm lxml markdown
matplotlib mpmath mpl_toolkits networkx nltk numba numpy openpyxl ortools pandas patsy plotly polars pulp pyarrow
pydantic pytest pytz regex rich scipy seaborn shapely simpy skimage sklearn sortedcontainers spacy statsmodels sympy
tabulate tensorflow termcolor torch torchvision tqdm transformers typing_extensions tzdata xgboost xlsxwriter yaml
"""
_SENSITIVE = """
curses cProfile dbm getpass inspect mailbox pickle pickletools profile pstats pyclbr readline resource select selectors
shelve signal syslog tkinter turtle
"""
_WRONG = {
    "dynamic-code": "bdb code codeop doctest pdb runpy trace IPython asteval RestrictedPython lib2to3 idlelib",
    "import-machinery": """importlib imp pkgutil zipimport modulefinder site sitecustomize usercustomize ensurepip venv
        pip setuptools pkg_resources distutils zipapp pydoc wheel test""",
    "builtins-access": "builtins __builtin__ __builtins__ __main__",
    "process": "subprocess multiprocessing pty posix nt _posixsubprocess psutil pexpect sh plumbum fabric invoke",
    "network": """socket socketserver ssl ftplib smtplib smtpd poplib imaplib nntplib telnetlib xmlrpc webbrowser
        wsgiref asyncore asynchat requests httpx aiohttp urllib3 httplib2 paramiko websockets websocket scapy zmq
        pycurl boto3 botocore docker kubernetes grpc twisted tornado flask django fastapi uvicorn gevent selenium
        playwright redis pymongo psycopg2 pymysql antigravity netrc cgi cgitb""",
    "native-code": "ctypes cffi mmap _ctypes cython pyximport ctypeslib",
    "deserialization": "marshal copyreg dill cloudpickle jsonpickle",
    "introspection": "faulthandler opcode",
    "system": "fcntl termios tty pwd grp spwd crypt nis ossaudiodev msvcrt winreg _winapi",
}
_PARTS = {
    "http.client": "network",
    "http.server": "network",
    "http.cookiejar": "network",
    "urllib.request": "network",
    "urllib.robotparser": "network",
    "asyncio.subprocess": "process",
    "asyncio.unix_events": "process",
    "concurrent.futures.process": "process",
    "logging.config": "dynamic-code",
    "numpy.ctypeslib": "native-code",
    "numpy.f2py": "native-code",
    "numpy.distutils": "process",
    "torch.multiprocessing": "process",
    "torch.utils.cpp_extension": "native-code",
    "xml.sax.saxutils": "",
}
"""Parts of packages that are judged otherwise than the package."""

FREE = frozenset(_FREE.split())
DATA = frozenset(_DATA.split())
SENSITIVE = frozenset(_SENSITIVE.split())
WRONG = {name: rule for rule, names in _WRONG.items() for name in names.split()}
STANDARD = frozenset(sys.stdlib_module_names)


def rule_for(module: str) -> str | None:
    """The rule that importing ``module`` (dotted) breaks; None when it is free."""
    parts = module.split(".")
    for length in range(len(parts), 1, -1):
        if (found := _PARTS.get(".".join(parts[:length]))) is not None:
            return found or None
    top = parts[0]
    if top in WRONG:
        return WRONG[top]
    if top.startswith("_") and top not in FREE:
        return "import-machinery" if "import" in top or "frozen" in top else "system"
    if any(part.lstrip("_") in ("os", "sys", "ctypes") for part in parts[1:]):
        return "import-machinery"
    if top in SENSITIVE:
        return "sensitive-import"
    return None if top in FREE or top in DATA else "unlisted-import"


def is_module(path: str) -> bool:
    """Whether a dotted path names a module, rather than something in one."""
    if path in _PARTS or path in _PACKAGES:
        return True
    return "." not in path and (path in STANDARD or path in DATA or path in WRONG)


_PACKAGES = words("""
    os.path collections.abc concurrent.futures xml.etree xml.etree.ElementTree xml.dom xml.dom.minidom xml.sax
    urllib.parse urllib.error email.message email.mime html.parser html.entities logging.handlers unittest.mock
    importlib.util importlib.machinery importlib.metadata json.decoder json.encoder matplotlib.pyplot numpy.random
    numpy.linalg asyncio.events asyncio.base_events multiprocessing.pool""")
