"""The borders of the two packages: how much they hold, who imports whom, one way of writing.

Each rule reads the source and lists every place that breaks it.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE_LINES = 7_000  # of cnn_utils: what a learner could have written by the end of the course
FILE_LINES = 600

# A room (a folder, or a module beside the folders) imports from the floors below it, never from its
# own floor or one above. The ground floor comes first.
FLOORS = {
    "cnn_utils": (
        "arguments example gradcheck",
        "initializers parallel",
        "data functional optim plots",
        "checkpoint layers loops losses",
        "training",
        "sequential",
        "recipes",
        "cli",
        "__main__",
    ),
    "cnn_course": ("checks drawn figures quizzes", "explorers page"),
}

GOOGLE = re.compile(r"^\s*(Args|Arguments|Attributes|Parameters|Raises|Returns|Yields):\s*$", re.M)
DIALECT = {
    "a double backtick": re.compile("``"),
    "a reST role": re.compile(r":[a-z]+:`"),
    "a Google block": GOOGLE,
}


@dataclass(frozen=True)
class Import:
    """One imported name: `module` is absolute, `name` is '' for `import module`."""

    line: int
    module: str
    name: str
    dots: int


@dataclass(frozen=True)
class Source:
    """A Python file of the project."""

    path: Path

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"))

    @cached_property
    def lines(self) -> int:
        return len(self.path.read_text(encoding="utf-8").splitlines())

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def folder(self) -> str:
        """The folder as a package: 'cnn_utils.data'."""
        return ".".join(self.path.relative_to(ROOT).parent.parts)

    @property
    def package(self) -> str:
        return self.folder.partition(".")[0]

    @property
    def room(self) -> str:
        """'data' for a file in cnn_utils/data, 'optim' for cnn_utils/optim.py, '' for __init__."""
        return room_of(f"{self.folder}.{self.path.stem}".removesuffix(".__init__"))

    def at(self, line: int) -> str:
        return f"{self.name}:{line}"

    def imports(self) -> Iterator[Import]:
        """Every import anywhere in the file, in functions and under TYPE_CHECKING too."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (Import(node.lineno, alias.name, "", 0) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                above = self.folder.split(".")[: self.folder.count(".") + 2 - node.level]
                parts = [*(above if node.level else []), node.module]
                module = ".".join(part for part in parts if part)
                for alias in node.names:
                    yield Import(node.lineno, module, alias.name, node.level)


def room_of(module: str) -> str:
    return (module.split(".") + [""])[1]


def sources(*folders: str) -> list[Source]:
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [Source(path) for path in paths]


PACKAGES = sources("cnn_utils", "cnn_course")


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def targets(source: Source) -> Iterator[tuple[Import, str]]:
    """What a file imports of the two packages, as modules: `from .. import x` may mean one."""
    for found in source.imports():
        if found.module.partition(".")[0] in FLOORS:
            module = f"{found.module}.{found.name}"
            yield found, module if is_module(module) else found.module


def none_of(problems: list[str], rule: str) -> None:
    if problems:
        pytest.fail(f"{rule}:\n  " + "\n  ".join(problems), pytrace=False)


# ---- how much


def test_the_core_stays_small():
    sizes = sorted(((source.lines, source.name) for source in sources("cnn_utils")), reverse=True)
    total = sum(lines for lines, _ in sizes)
    largest = ", ".join(f"{name} {lines}" for lines, name in sizes[:5])
    assert total <= CORE_LINES, (
        f"cnn_utils has {total:,} lines, {total - CORE_LINES:,} too many. The largest files: "
        f"{largest}. What only one lesson needs belongs in cnn_course."
    )


def test_no_file_is_long():
    long = [
        f"{source.name}: {source.lines} lines"
        for source in sources("cnn_utils", "cnn_course", "tests", "tools")
        if source.lines > FILE_LINES
    ]
    none_of(long, f"a file has at most {FILE_LINES} lines; split these by what their parts do")


# ---- who imports whom


def test_every_room_has_a_floor():
    rooms = {(source.package, source.room) for source in PACKAGES if source.room}
    known = {(package, room) for package in FLOORS for room in " ".join(FLOORS[package]).split()}
    none_of(
        [f"{package}/{room}" for package, room in sorted(rooms - known)],
        "FLOORS in this test says which rooms a room may import from; add these",
    )


def test_the_core_imports_nothing_of_the_course():
    wrong = [
        f"{source.at(found.line)} imports {module}"
        for source in sources("cnn_utils")
        for found, module in targets(source)
        if module.partition(".")[0] == "cnn_course"
    ]
    none_of(wrong, "cnn_course imports cnn_utils, never the reverse")


@pytest.mark.parametrize("package", FLOORS)
def test_imports_go_down_the_floors(package):
    floor = {room: i for i, rooms in enumerate(FLOORS[package]) for room in rooms.split()}
    wrong = []
    for source in sources(package):
        for found, module in targets(source):
            room = room_of(module)
            if not (source.room and room) or module.partition(".")[0] != package:
                continue
            if room != source.room and floor[room] >= floor[source.room]:
                wrong.append(f"{source.at(found.line)}: {source.room} imports {room}")
    none_of(wrong, "a room imports from the floors below it (FLOORS in this test)")


def test_the_gradient_checks_import_nothing_they_judge():
    source = Source(ROOT / "cnn_utils" / "gradcheck.py")
    none_of([module for _, module in targets(source)], "gradcheck judges the other modules")


def test_the_harness_knows_no_exercise():
    """The checks' front door collects the exercises; what runs and grades them gets them given."""
    checks = ROOT / "cnn_course" / "checks"
    assert list((checks / "exercises").glob("*.py")) and list((checks / "bank").glob("*.toml"))
    harness = [Source(path) for path in checks.glob("*.py") if path.name != "__init__.py"]
    forbidden = ("cnn_course.checks.exercises", "cnn_course.checks.bank")
    wrong = [
        f"{source.at(found.line)} imports {module}"
        for source in harness
        for found, module in targets(source)
        if module.startswith(forbidden) or module == "cnn_course.checks"
    ]
    none_of(wrong, "the harness and grading import no exercise")


def test_the_core_needs_no_widgets():
    """A learner's script imports every module of cnn_utils without ipywidgets or anywidget."""
    names = [f"{source.folder}.{source.path.stem}" for source in sources("cnn_utils")]
    names = [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]
    code = f"import importlib, sys\nfor name in {names}: importlib.import_module(name)\n"
    code += "print(*sorted({'ipywidgets', 'anywidget', 'cnn_course'} & set(sys.modules)))"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == [], f"importing cnn_utils imports {result.stdout}"


# ---- doors


def is_private(name: str) -> bool:
    public = {"_asdict", "_fields", "_make", "_replace"}  # of a named tuple, whose fields have none
    if name in public or name.endswith("_"):  # __init__, or IPython's _repr_html_
        return False
    return name.startswith("_")


def defined_in(tree: ast.Module) -> set[str]:
    """The names that a module itself gives: to functions, classes, variables, attributes."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if is_own(node.value):
                names.add(node.attr)
    return names


def is_own(value: ast.expr) -> bool:
    """Whether an attribute is looked up on the object itself: self, cls or super()."""
    if isinstance(value, ast.Call):
        value = value.func
    return isinstance(value, ast.Name) and value.id in ("self", "cls", "super")


def private_doors(source: Source) -> Iterator[str]:
    for found, module in targets(source):
        # A private module such as functional/_blocks.py serves the modules beside it.
        folder, _, last = module.rpartition(".")
        if is_private(last) and folder != source.folder:
            yield f"{source.at(found.line)} imports {module}"
        if is_private(found.name) and module == found.module:
            yield f"{source.at(found.line)} imports {found.name} from {module}"
    own = defined_in(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            if node.attr not in own and not is_own(node.value):
                yield f"{source.at(node.lineno)} uses {ast.unparse(node)}"


def test_no_room_uses_the_private_names_of_another():
    doors = [door for source in PACKAGES for door in private_doors(source)]
    none_of(doors, "a name with an underscore is used only in the file that defines it")


# ---- one way of writing


def test_one_dialect_of_imports():
    """One dot within a folder, and down from it; the full name across folders; never two dots."""
    wrong = []
    for source in PACKAGES:
        for found in source.imports():
            inside = f"{found.module}.".startswith(f"{source.folder}.")
            if found.dots > 1 or (inside and not found.dots):
                wrong.append(f"{source.at(found.line)} imports {found.module}")
    none_of(sorted(set(wrong)), "`from .module import …` within a folder, the full name across")


def documented(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield node, ast.get_docstring(node) or ""


def test_one_dialect_of_docstrings():
    """Plain prose that names each argument; code in single backticks."""
    wrong = [
        f"{source.at(getattr(node, 'lineno', 1))} has {what}"
        for source in PACKAGES
        for node, text in documented(source.tree)
        for what, pattern in DIALECT.items()
        if pattern.search(text)
    ]
    none_of(wrong, "docstrings are plain prose, with single backticks")


def undocumented(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[int, str]]:
    """The public functions and classes in a body, and their public methods, without docstring."""
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        is_stub = ast.unparse(node.body[-1]) == "..."  # of a Protocol, whose docstring tells all
        if not ast.get_docstring(node) and not is_stub:
            yield node.lineno, prefix + node.name
        if isinstance(node, ast.ClassDef):
            yield from undocumented(node.body, f"{node.name}.")


def test_everything_public_in_the_core_has_a_docstring():
    missing = [
        f"{source.at(line)} {name}"
        for source in sources("cnn_utils")
        for line, name in undocumented(source.tree.body)
    ]
    none_of(missing, "`help()` must have an answer for every public name of cnn_utils")
