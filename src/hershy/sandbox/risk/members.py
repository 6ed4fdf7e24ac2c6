"""What of a module may be used freely, and what of it may not: tables, by dotted path."""

from . import modules
from .words import words

ONLY = {
    "os": words("""
        path environ getenv getcwd listdir scandir walk sep linesep pathsep curdir pardir extsep altsep name makedirs
        mkdir remove unlink rmdir removedirs rename renames replace stat cpu_count getpid urandom fspath PathLike
        fsencode fsdecode access get_terminal_size times strerror error truncate utime devnull SEEK_SET SEEK_CUR
        SEEK_END R_OK W_OK X_OK F_OK DirEntry stat_result chdir get_exec_path getlogin isatty uname"""),
    "sys": words("""
        argv stdin stdout stderr __stdin__ __stdout__ __stderr__ exit version version_info maxsize maxunicode platform
        getsizeof setrecursionlimit getrecursionlimit byteorder float_info int_info hash_info implementation flags
        exc_info getdefaultencoding getfilesystemencoding hexversion copyright api_version getrefcount intern
        set_int_max_str_digits get_int_max_str_digits stdlib_module_names builtin_module_names executable path
        exception prefix base_prefix thread_info getswitchinterval float_repr_style dont_write_bytecode is_finalizing
        warnoptions orig_argv"""),
}
"""Modules of which only these are free: the rest are system calls and internals of the interpreter."""

_PROCESS = """system popen execl execle execlp execlpe execv execve execvp execvpe fexecve fork forkpty spawnl spawnle
spawnlp spawnlpe spawnv spawnve spawnvp spawnvpe posix_spawn posix_spawnp kill killpg abort startfile wait waitpid
waitid pidfd_open"""

_NEVER = {
    "import-machinery": """
        sys.modules sys.meta_path sys.path_hooks sys.path_importer_cache types.ModuleType builtins.__import__
        builtins.__loader__ builtins.__spec__ unittest.mock._importer unittest.loader sys.path.insert
        sys.path.append""",
    "introspection": """
        sys._getframe sys._current_frames sys.settrace sys.setprofile sys.call_tracing sys.last_traceback
        sys.gettrace sys.getprofile sys._current_exceptions gc.get_objects gc.get_referrers gc.get_referents
        inspect.currentframe inspect.stack inspect.trace inspect.getouterframes inspect.getinnerframes
        inspect.getmembers inspect.getattr_static inspect.getmodule inspect.getclosurevars
        traceback.walk_stack traceback.walk_tb inspect.getgeneratorlocals inspect.getcoroutinelocals
        inspect.unwrap inspect.getmembers_static""",
    "dynamic-code": """
        builtins.eval builtins.exec builtins.compile builtins.breakpoint builtins.help timeit.template
        cProfile.run cProfile.runctx profile.run profile.runctx typing.ForwardRef types.CodeType
        types.FunctionType types.LambdaType sympy.sympify sympy.parse_expr sympy.lambdify numexpr.evaluate""",
    "builtins-access": "builtins.__builtins__",
    "odd-attribute": """
        builtins.license builtins.credits ast.NodeTransformer typing.get_type_hints sys.exc_info sys.path
        types.MethodType gc.callbacks""",
    "process": """
        asyncio.create_subprocess_exec asyncio.create_subprocess_shell asyncio.subprocess
        concurrent.futures.ProcessPoolExecutor shutil.chown signal.pthread_kill signal.raise_signal
        signal.pidfd_send_signal""",
    "network": """
        asyncio.open_connection asyncio.start_server asyncio.open_unix_connection asyncio.start_unix_server
        logging.handlers.SocketHandler logging.handlers.HTTPHandler logging.handlers.DatagramHandler
        logging.handlers.SMTPHandler logging.handlers.SysLogHandler""",
    "deserialization": """
        pickle.load pickle.loads pickle.Unpickler pickle._Unpickler pickle._loads shelve.open
        pandas.read_pickle numpy.load torch.load joblib.load yaml.load yaml.unsafe_load yaml.full_load
        yaml.Loader yaml.UnsafeLoader""",
    "system": "resource.setrlimit resource.prlimit",
    "outside-path": """
        os.path.expanduser os.path.expandvars pathlib.Path.home pathlib.PosixPath.home
        xml.sax.handler.feature_external_ges xml.sax.handler.feature_external_pes""",
    "sensitive-import": "numpy.memmap",
}
NEVER = {path: rule for rule, paths in _NEVER.items() for path in words(paths)} | {
    f"os.{name}": "process" for name in words(_PROCESS)
}

_METHODS = {
    "process": "Popen check_output check_call getoutput getstatusoutput subprocess_exec subprocess_shell",
    "network": """
        create_connection create_server create_datagram_endpoint create_unix_connection sock_connect
        open_connection urlopen urlretrieve""",
    "import-machinery": "load_module exec_module import_module find_spec find_module get_data",
    "native-code": "CDLL PyDLL LoadLibrary dlopen pythonapi enable_load_extension load_extension",
    "introspection": "_getframe get_objects get_referrers currentframe",
    "builtins-access": "builtins _os _sys _io _posixsubprocess",
    "odd-attribute": "os sys subprocess importlib ctypes posix",
    "deserialization": "read_pickle allow_pickle",
    "outside-path": "expanduser",
}
METHODS = {name: rule for rule, names in _METHODS.items() for name in words(names)} | dict.fromkeys(
    _PROCESS.split()[:-10], "process"
)
"""Attributes whose name tells, whatever object they are looked up in. Names that objects of ordinary programs have
(``wait``, ``kill``, ``abort``) are not among them."""


def rule_for(path: str) -> str | None:
    """The rule that using ``path`` (``os.system``) breaks; None when it is free, or not of a module."""
    if path in NEVER:
        return NEVER[path]
    module, _, member = path.rpartition(".")
    if module in ONLY and member not in ONLY[module]:
        return "system"
    if modules.is_module(path):
        return modules.rule_for(path)
    if module and module != "builtins" and modules.is_module(module):
        rule = modules.rule_for(module)
        if rule not in (None, "sensitive-import", "unlisted-import"):
            return rule
        if member.startswith("_") and not member.endswith("__"):
            return "introspection"
    return None


def rule_for_method(name: str) -> str | None:
    """The rule that an attribute of this name breaks, whatever it is looked up in."""
    return METHODS.get(name)
