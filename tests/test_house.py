"""The house keeps its shape: imports run one way, libraries stay in their rooms, files stay small ."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "milter"
FILES = sorted(PACKAGE.rglob("*.py"))

# A room may import itself and what stands in its row.
ROOMS = {
    "core": set(),
    "errors": set(),
    "logs": set(),
    "settings": {"core", "errors", "delivery", "store"},
    "store": {"core", "errors", "logs"},
    "lookup": {"core", "errors", "logs", "settings"},
    "delivery": {"core", "errors", "logs", "settings", "store"},
    "examination": {"core", "errors", "settings", "store", "lookup", "delivery"},
    "service": {"core", "errors", "logs", "settings", "store", "lookup", "delivery", "examination"},
    "doors": {"core", "errors", "logs", "settings", "store", "lookup", "delivery", "examination", "service"},
    "daemon": {"core", "errors", "logs", "settings", "store", "lookup", "delivery", "service", "doors"},
    "cli": {
        "core",
        "errors",
        "logs",
        "settings",
        "store",
        "lookup",
        "delivery",
        "examination",
        "service",
        "doors",
        "daemon",
    },
}
# A library, and the only places that may import it.
LIBRARIES = {
    "aiosmtpd": ("doors/",),
    "redis": ("store/",),
    "jinja2": ("delivery/",),
    "babel": ("delivery/",),
    "dkim": ("lookup/dkim", "delivery/sign"),
    "dns": ("lookup/dns",),
    "spf": ("lookup/spf",),
}
PURE_CORE = {"asyncio", "socket", "logging", "random", "secrets", "time", "os", "subprocess", "threading", "pathlib"}
LONGEST_FILE, LONGEST_FUNCTION = 400, 60


def imports(file: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found += [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
    return found


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "milter" and parts[1] in ROOMS else ""


def name(file: Path) -> str:
    return str(file.relative_to(PACKAGE))


@pytest.mark.parametrize("file", FILES, ids=name)
def test_imports_run_one_way(file: Path) -> None:
    here = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if here == "__init__":
        return
    assert here in ROOMS, f"{name(file)}: a new room; give it a row in ROOMS"
    wrong = {there for one in imports(file) if (there := room(one)) and there != here and there not in ROOMS[here]}
    assert not wrong, (
        f"{name(file)} imports {sorted(wrong)}: `{here}` may import only {sorted(ROOMS[here]) or 'itself'}"
    )


@pytest.mark.parametrize("file", FILES, ids=name)
def test_libraries_stay_in_their_rooms(file: Path) -> None:
    used = {one.split(".")[0] for one in imports(file)}
    for library, places in LIBRARIES.items():
        assert library not in used or name(file).startswith(places), f"{name(file)}: only {places} may import {library}"
    if name(file).startswith("core/"):
        assert not used & PURE_CORE, f"{name(file)}: core is pure, it may not import {sorted(used & PURE_CORE)}"
    if name(file) == "daemon/parent.py":
        assert "asyncio" not in used, "the parent forks: no event loop and no threads before that"


@pytest.mark.parametrize("file", FILES, ids=name)
def test_only_the_rim_reads_the_clock(file: Path) -> None:
    """`datetime.now` is called in daemon and cli; everybody else is handed `now`."""
    clocks = [
        node.lineno
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("now", "utcnow", "today")
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("datetime", "date")
    ]
    assert not clocks or name(file).startswith(("daemon/", "cli/")), f"{name(file)}:{clocks} reads the clock"


@pytest.mark.parametrize("file", FILES, ids=name)
def test_files_and_functions_stay_small(file: Path) -> None:
    text = file.read_text()
    assert text.count("\n") <= LONGEST_FILE, f"{name(file)} is longer than {LONGEST_FILE} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{name(file)}:{node.lineno} {node.name} has {length} lines"
