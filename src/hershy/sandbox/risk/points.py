"""The rules and their points: one table.

How the points were chosen: what no ordinary program that computes something needs, and what only serves to hide, is
enough by itself to be refused at the default threshold of 30, with room for a threshold somewhat above (40). What
ordinary programs do now and then, and hiding ones too, needs company (2 to 15). What comes again in the same program
adds little to what its first time has told, so repeats count less, or not at all.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """``points`` for the first time in a program, ``again`` for each of the others that are listed."""

    points: int
    again: int
    meaning: str


@dataclass(frozen=True, slots=True)
class RiskFinding:
    """One rule that applies at one line of a file."""

    rule: str
    line: int
    message: str


RULES = {
    "dynamic-code": Rule(40, 5, "text is run as code: eval, exec, compile, and library functions that do the same"),
    "import-machinery": Rule(40, 5, "modules are loaded other than by an import statement, or sys.modules is used"),
    "builtins-access": Rule(40, 5, "the builtins are reached as a module or dictionary, where any of them has a name"),
    "process": Rule(40, 5, "programs are started, or processes are forked or signalled"),
    "network": Rule(40, 5, "connections are made or accepted"),
    "native-code": Rule(40, 5, "machine code or memory is used directly"),
    "deserialization": Rule(40, 5, "data is loaded in a format that may hold code"),
    "system": Rule(40, 5, "system calls and interpreter internals that are not on the list of usual ones"),
    "introspection": Rule(40, 5, "frames, code objects or the collector's objects are reached"),
    "dunder": Rule(40, 5, "special attributes are used that lead from any object to everything else"),
    "hidden-name": Rule(40, 5, "a name that matters is put together from pieces, or decoded"),
    "hidden-attribute": Rule(40, 5, "an attribute is looked up by a computed name where any of them could be meant"),
    "encoded-code": Rule(40, 5, "an encoded text holds code"),
    "outside-path": Rule(40, 5, "a file outside the working directory is used"),
    "endless-loop": Rule(40, 5, "a loop that certainly never ends"),
    "source-encoding": Rule(40, 5, "the file declares an encoding that makes other code of the same bytes"),
    "private-path": Rule(35, 5, "a text names a place of the system, of other processes, or of the machine's network"),
    "writes-code": Rule(35, 5, "a file is written that Python would load as code"),
    "module-as-value": Rule(35, 5, "a module is passed around, so that what is used of it cannot be seen"),
    "function-as-value": Rule(
        35, 5, "getattr and its like are passed around, so that what they look up cannot be seen"
    ),
    "scope-dictionary": Rule(15, 5, "names are looked up in globals(), locals() or vars()"),
    "path-from-environment": Rule(35, 0, "the path of a file comes from an environment variable"),
    "encoded-data": Rule(15, 5, "a constant is decoded or unpacked"),
    "sensitive-import": Rule(15, 5, "a module is imported that can do harm, and has honest uses"),
    "code-in-text": Rule(15, 5, "a text reads like code that would be refused"),
    "unlisted-import": Rule(10, 5, "a module is imported that is not on the list"),
    "dynamic-attribute": Rule(8, 0, "an attribute is looked up by a computed name"),
    "absolute-path": Rule(10, 0, "a text is an absolute path, or leads up by '..'"),
    "odd-attribute": Rule(10, 5, "an attribute is used that few programs need"),
    "uses-decoder": Rule(3, 0, "something is decoded, as texts that hide are"),
    "dynamic-path": Rule(2, 0, "a file is opened by a computed path"),
    "dynamic-own-attribute": Rule(2, 0, "an object looks up an attribute of its own by a computed name"),
}
