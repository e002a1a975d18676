"""Who may import whom, what a module may do when it is imported, and how large things are.

Sizes are no law: what is large on purpose stands in `KNOWN_LARGE` with its reason.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("adapters", "routing", "gateway")  # each knows only those before it

FILE_LINES = 300
FUNCTION_LINES = 50
KNOWN_LARGE: Mapping[str, str] = {
    "adapters/classify.py": "what each provider means by its errors is known in one place",
    "gateway/config/schema.py": "one line for each key that is served, all in one place",
}

THIRD_PARTIES: Mapping[str, str] = {  # package -> the modules that may import it
    "aiohttp": r"adapters\.(http|line|fetch)",
    "click": r"gateway\.(cli|launch)",
    "h11": r"gateway\.http1\.unusual",
    "httptools": r"gateway\.server",
    "hypercorn": r"gateway\.(server|connections|http1\.unusual)",
    "orjson": r".*",
    "prometheus_client": r"gateway\.metrics\..*",
    "redis": r"routing\.state\.wire",
    "pydantic": r"gateway\.config\.schema",
    "pydantic_core": r"gateway\.config\.schema",
    "starlette": r"gateway\.(app|api\..*)",
    "uvicorn": r"gateway\.server",
    "yarl": r"adapters\.(http|fetch)",
    "uvloop": r"gateway\.(launch|server|bench\.(load|source))",
    "yaml": r"gateway\.config\.yamlfile",
}

IMPORT_TIME_CALLS = {  # what may be called to make a constant; records of our own may be too
    *("attrgetter", "auto", "bytes.maketrans", "dataclass", "field", "frozenset", "getattr"),
    *("itemgetter", "logging.getLogger", "MappingProxyType", "object", "Path", "re.compile"),
    *("lru_cache", "staticmethod"),  # a memory of pure functions; a name for one
    *("partial", "range", "str", "tuple", "TypeVar", "Path(__file__).with_name"),
    *("aiohttp.ClientTimeout", "BeforeValidator", "ConfigDict", "Field"),
    *("click.argument", "click.Choice", "click.group", "click.option", "click.version_option"),
    *("click.FloatRange", "click.IntRange", "click.Path", "main.command"),
    *("bearer_needed", "header"),  # adapters.auth.keys: they make what a row names
}

MUTATORS = {
    *("add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem"),
    *("popleft", "remove", "reverse", "setdefault", "sort", "update"),
}


@dataclass(frozen=True, slots=True)
class Module:
    name: str
    path: Path
    tree: ast.Module

    @property
    def file(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def layer(self) -> str:
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Import:
    """One thing that is imported: `module` itself, or `name` out of it."""

    module: str
    name: str = ""
    late: bool = False  # inside a function, or for the type checker only

    @property
    def origin(self) -> str:
        """The module that is loaded: `from a import b` may mean a.b."""
        inner = f"{self.module}.{self.name}"
        return inner if inner in modules() else self.module


@cache
def modules() -> Mapping[str, Module]:
    found = {}
    for layer in LAYERS:
        for path in sorted((ROOT / layer).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = Module(name, path, ast.parse(path.read_text(encoding="utf-8")))
    return found


def imports(node: ast.AST, *, late: bool = False) -> Iterator[Import]:
    match node:
        case ast.Import(names=names):
            yield from (Import(alias.name, late=late) for alias in names)
        case ast.ImportFrom(module=module, names=names):
            yield from (Import(module or "", alias.name, late) for alias in names)
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            late = True
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            late = True
    for child in ast.iter_child_nodes(node):
        yield from imports(child, late=late)


def defined(tree: ast.Module) -> set[str]:
    """Names that a module writes itself at its top level."""
    names: set[str] = set()
    for statement in tree.body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(statement.name)
            case ast.Assign() | ast.AnnAssign():
                names |= {
                    node.id
                    for node in ast.walk(statement)
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
                }
    return names


# Imports


def test_there_is_something_to_look_at() -> None:
    assert {module.layer for module in modules().values()} == set(LAYERS)


def test_imports_go_down_only() -> None:
    upward = [
        f"{module.file} imports {what.module}"
        for module in modules().values()
        for what in imports(module.tree)
        if (layer := what.module.partition(".")[0]) in LAYERS
        if LAYERS.index(layer) > LAYERS.index(module.layer)
    ]

    assert upward == []


def test_imports_are_absolute() -> None:
    relative = [
        f"{module.file}:{node.lineno}"
        for module in modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]

    assert relative == []


def test_nothing_is_imported_with_a_star() -> None:
    stars = [
        module.file
        for module in modules().values()
        for what in imports(module.tree)
        if what.name == "*"
    ]

    assert stars == []


def test_a_thing_is_imported_from_where_it_is_written() -> None:
    second_hand = [
        f"{module.file} imports {what.name} from {what.module}"
        for module in modules().values()
        for what in imports(module.tree)
        if what.name and what.module in modules() and what.origin == what.module
        if what.name not in defined(modules()[what.module].tree)
    ]

    assert second_hand == []


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    graph = {
        module.name: {
            what.origin
            for what in imports(module.tree)
            if not what.late and what.origin in modules()
        }
        for module in modules().values()
    }

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


def test_third_parties_stay_in_their_rooms() -> None:
    strangers = [
        f"{module.file} imports {what.module}"
        for module in modules().values()
        for what in imports(module.tree)
        if (package := what.module.partition(".")[0]) not in {*LAYERS, *sys.stdlib_module_names}
        if not re.fullmatch(THIRD_PARTIES.get(package, "nobody"), module.name)
    ]

    assert strangers == []


# State


def test_nothing_is_declared_global() -> None:
    found = [
        f"{module.file}:{node.lineno}"
        for module in modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Global)
    ]

    assert found == []


def test_what_a_module_holds_is_not_changed() -> None:
    changed = [
        f"{module.file}:{line} changes {name}"
        for module in modules().values()
        for name, line in _changes(module.tree)
        if name in defined(module.tree)
    ]

    assert changed == []


def _changes(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Names whose content something writes to, wherever that is."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                yield name, node.lineno
            case ast.Attribute(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                yield name, node.lineno
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)) if (
                attr in MUTATORS
            ):
                yield name, node.lineno


# Work at import time


def test_a_module_only_makes_constants_when_it_is_imported() -> None:
    work = [
        f"{module.file}:{call.lineno} calls {ast.unparse(call.func)}"
        for module in modules().values()
        if module.name != "gateway.__main__"
        for call in _calls_at_import(module.tree)
        if not _makes_a_constant(call, module)
    ]

    assert work == []


def _calls_at_import(node: ast.AST) -> Iterator[ast.Call]:
    """Calls outside of functions' bodies: in decorators, defaults and class bodies too."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            outside: list[ast.AST] = [*node.decorator_list, node.args]
        case ast.Lambda():
            outside = [node.args]
        case _:
            outside = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Call):
        yield node
    for child in outside:
        yield from _calls_at_import(child)


def _makes_a_constant(call: ast.Call, module: Module) -> bool:
    """An allowed call, a record of ours, or a private function of the same module."""
    name = ast.unparse(call.func)
    if name in IMPORT_TIME_CALLS:
        return True
    home = next((modules().get(w.module) for w in imports(module.tree) if w.name == name), module)
    written = {
        node.name: node
        for node in (home or module).tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
    }
    match written.get(name):
        case ast.ClassDef() as record:
            return _is_record(record)
        case ast.FunctionDef():
            return home is module and name.startswith("_")
        case _:
            return False


def _is_record(written: ast.ClassDef) -> bool:
    marks = {ast.unparse(mark).partition("(")[0] for mark in written.decorator_list}
    bases = {ast.unparse(base).partition("[")[0] for base in written.bases}
    return "dataclass" in marks or bool(bases & {"NamedTuple", "TypedDict"})


IMPORT_ALL = """
import asyncio, os, signal, sys, threading

WATCHED = {"open", "socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen"}
CODE = (".py", ".pyc", ".so", ".pyd")

def watch(event, args):
    if event not in WATCHED or (event == "open" and str(args[0]).endswith(CODE)):
        return
    frame = sys._getframe(1)
    while frame and frame.f_code.co_filename.startswith("<frozen"):
        frame = frame.f_back
    if frame and frame.f_globals.get("__name__", "").partition(".")[0] in LAYERS:
        print(frame.f_globals["__name__"], event, args[0])

LAYERS, names = sys.argv[1].split(","), sys.argv[2].split(",")
before = dict(os.environ), signal.getsignal(signal.SIGTERM), threading.active_count()
sys.addaudithook(watch)
for name in names:
    __import__(name)
after = dict(os.environ), signal.getsignal(signal.SIGTERM), threading.active_count()
if before != after:
    print("environment, signals or threads are not what they were")
"""


def test_importing_everything_opens_nothing_and_starts_nothing() -> None:
    names = [name for name in modules() if name != "gateway.__main__"]

    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, ",".join(LAYERS), ",".join(names)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


# Sizes


def test_what_is_large_is_known_to_be() -> None:
    assert {name: lines for name, lines in _large().items() if name not in KNOWN_LARGE} == {}


def test_what_is_known_to_be_large_still_exists() -> None:
    names = {module.file for module in modules().values()} | {name for name, _ in _functions()}

    assert [name for name in KNOWN_LARGE if name not in names] == []


def _large() -> Mapping[str, int]:
    files = {
        module.file: len(module.path.read_text(encoding="utf-8").splitlines())
        for module in modules().values()
    }
    return {
        **{name: lines for name, lines in files.items() if lines > FILE_LINES},
        **{name: lines for name, lines in _functions() if lines > FUNCTION_LINES},
    }


def _functions() -> Iterator[tuple[str, int]]:
    for module in modules().values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                yield f"{module.file}:{node.name}", node.end_lineno - node.lineno + 1


# What is nobody else's business


SKIPPED = {"build", "dist", "__pycache__"}
EVERYBODYS = {"/", "/app", "/etc", "/opt", "/srv", "/tmp", "/usr", "/usr/local", "/var"}
SOMEBODYS = re.compile(r"/(?:home|Users)/[\w.-]+/|/root/")


def test_nothing_mentions_a_path_of_the_machine_it_was_written_on() -> None:
    around = {str(ROOT), str(ROOT.parent), str(Path.home())} - EVERYBODYS
    private = re.compile("|".join([SOMEBODYS.pattern, *(re.escape(path) + "/" for path in around)]))

    mentions = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in _written()
        if path != Path(__file__)
        if (found := private.search(path.read_text(encoding="utf-8")))
    ]

    assert mentions == []


def _written(folder: Path = ROOT) -> Iterator[Path]:
    """Everything that people wrote, except Git's own and what tools leave behind."""
    for path in sorted(folder.iterdir()):
        if path.name in SKIPPED or path.name.endswith(".egg-info"):
            continue
        if path.is_dir() and (path.name == ".ci" or not path.name.startswith(".")):
            yield from _written(path)
        elif path.is_file():
            yield path
