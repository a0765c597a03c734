"""The house plan of docs/architecture.md, held by reading the imports of every module.

What a rule cannot hold yet stands in a list of exceptions with its reason; a list entry that is no longer
needed fails too, so that the lists only ever shrink.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
#: Import name → the folder of its modules.
PACKAGES = {
    "gliner2_lite": ROOT / "gliner2_lite",
    "gliner2_export": ROOT / "export" / "gliner2_export",
    "benchmarks": ROOT / "benchmarks",
}
#: Room of the runtime → the rooms that its modules may import. Reading order = the data's way.
ROOMS: dict[str, set[str]] = {
    "errors": set(),
    "machine": {"errors"},
    "schema": {"errors"},
    "bundle": {"errors", "schema"},
    "prompt": {"errors", "schema"},
    "tokenizer": {"errors", "bundle"},
    "graph": {"errors", "schema", "prompt", "bundle", "machine"},
    "answers": {"errors", "schema", "prompt"},
    "architectures": {"errors", "schema", "bundle", "prompt", "graph", "answers"},
    "hub": {"errors", "bundle"},
    "load": {"errors", "bundle", "machine", "hub", "tokenizer", "graph", "architectures"},
    "pipeline": {
        "errors", "schema", "bundle", "machine", "prompt", "graph", "answers", "architectures", "load",
    },
    "model": {
        "errors", "schema", "bundle", "prompt", "answers", "hub", "load", "pipeline",
    },
    "display": {"errors"},
    "integrations": {"errors", "schema", "prompt", "answers", "pipeline", "model"},
    "demo": {"errors", "schema", "display", "model"},
    "cli": {
        "errors", "machine", "schema", "bundle", "prompt", "tokenizer", "graph", "hub", "load", "model",
        "display", "demo",
    },
}  # fmt: skip
#: Heavy dependency of the runtime → the one module that imports it.
ONE_DOOR = {
    "onnxruntime": "gliner2_lite.graph.session",
    "tokenizers": "gliner2_lite.tokenizer.word_tokenizer",
    "huggingface_hub": "gliner2_lite.hub.client",
}
#: What the runtime never imports.
FORBIDDEN = {"torch", "transformers", "onnx", "optimum", "gliner2", "pydantic", "gliner2_export"}
#: What belongs to one architecture: outputs of its graph, its layers, the fields of its config.
ARCHITECTURE_WORDS = re.compile(
    r"\b(count_logits|span_logits|span_start|span_end|label_states|CountHead|SpanScorer|Span(?:Heads|Config|Architecture|Scoring|OnnxConfig)"
    r"|counting_layer|count_lstm\w*|max_width|architectures\.span)\b"
)
#: Names of variables that do not say what they hold.
EMPTY_NAMES = {"own", "found", "given"}
#: Stems that several modules of a package have, and why that does not mislead.
SHARED_STEMS = {
    "gliner2_lite": {
        "compile": "cli/ has a module per command",
        "push": "cli/ has a module per command",
        "options": "of a call and of a repository: each room has its own",
    },
    "gliner2_export": {},
    "benchmarks": {},
}
FEWEST, MOST = 40, 350
LENGTH_EXCEPTIONS = {
    "gliner2_lite.demo.local_only": "one rule of the web server, told apart from the page",
}
#: Where the tests of a package's rooms stand; what needs a framework is tested inside it.
TESTS = {
    "gliner2_lite": ROOT / "tests",
    "gliner2_export": ROOT / "tests" / "export",
    "benchmarks": ROOT / "tests" / "benchmarks",
}
TESTS_ELSEWHERE = {"integrations": ROOT / "tests" / "apps", "demo": ROOT / "tests" / "apps" / "demo"}


def module_name(package: str, path: Path) -> str:
    parts = [package, *path.relative_to(PACKAGES[package]).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules(package: str) -> Mapping[str, Path]:
    """Every module of a package by its import name."""
    return {module_name(package, path): path for path in sorted(PACKAGES[package].rglob("*.py"))}


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """``(module, name)`` of every import in a file, also within functions; not those for type checkers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_typing = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in for_typing:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level and node.module, f"{path}: write absolute imports"
            yield from ((node.module, alias.name) for alias in node.names)


@cache
def arrows(package: str) -> Mapping[str, set[str]]:
    """Module → the modules of the same package that it imports."""
    names = modules(package)
    return {
        name: {
            target
            for module, attribute in imported(path)
            for target in [f"{module}.{attribute}" if f"{module}.{attribute}" in names else module]
            if target in names and target != package
        }
        for name, path in names.items()
    }


def room_of(module: str) -> str:
    return module.split(".")[1]


def circles(package: str) -> set[frozenset[str]]:
    """Groups of modules that reach each other, each as large as it is."""
    graph = arrows(package)

    def reach(start: str) -> set[str]:
        seen, todo = set(), list(graph[start])
        while todo:
            module = todo.pop()
            if module not in seen:
                seen.add(module)
                todo += graph[module]
        return seen

    reached = {module: reach(module) for module in graph}
    return {
        frozenset(other for other in seen if module in reached[other])
        for module, seen in reached.items()
        if module in seen
    }


def test_arrows_point_down() -> None:
    found = {
        (module, room_of(target))
        for module, targets in arrows("gliner2_lite").items()
        if module not in ("gliner2_lite", "gliner2_lite.__main__")
        for target in targets
        if room_of(target) not in ROOMS[room_of(module)] | {room_of(module)}
    }
    assert found == set()


def test_rooms_may_not_import_each_other() -> None:
    """The table itself has no circle: every room may import only rooms that stand above it in the table."""
    order = list(ROOMS)
    late = {
        (room, other) for room, others in ROOMS.items() for other in others
        if order.index(other) >= order.index(room)
    }  # fmt: skip
    assert late == set()


def test_every_room_is_in_the_plan() -> None:
    rooms = {room_of(name) for name in modules("gliner2_lite") if name.count(".") >= 1}
    assert rooms - {"__main__"} == set(ROOMS)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_circles(package: str) -> None:
    assert circles(package) == set()


def test_each_heavy_dependency_has_one_door() -> None:
    tops = {
        name: {module.split(".")[0] for module, _ in imported(path)}
        for name, path in modules("gliner2_lite").items()
    }
    for dependency, door in ONE_DOOR.items():
        assert [name for name, found in tops.items() if dependency in found] == [door]
    assert {name: found & FORBIDDEN for name, found in tops.items() if found & FORBIDDEN} == {}


@pytest.mark.parametrize("package", ["gliner2_lite", "gliner2_export"])
def test_an_architecture_is_named_in_its_folder_alone(package: str) -> None:
    found = {
        name: words
        for name, path in modules(package).items()
        if not name.startswith(f"{package}.architectures")
        and (words := set(ARCHITECTURE_WORDS.findall(path.read_text(encoding="utf-8"))))
    }
    assert found == {}


def test_modules_have_a_length_that_can_be_read() -> None:
    lengths = {
        name: len(path.read_text(encoding="utf-8").splitlines())
        for package in PACKAGES
        for name, path in modules(package).items()
        if path.name not in ("__init__.py", "__main__.py")
    }
    found = {name: length for name, length in lengths.items() if not FEWEST <= length <= MOST}
    assert set(found) == set(LENGTH_EXCEPTIONS), found


def test_every_module_of_a_room_has_a_test_of_its_name() -> None:
    missing = set()
    for package, tests in TESTS.items():
        for name, path in modules(package).items():
            place = path.relative_to(PACKAGES[package])
            if path.name.startswith("__") or len(place.parts) < 2:
                continue
            homes = [tests / place.parent]
            if package == "gliner2_lite" and place.parts[0] in TESTS_ELSEWHERE:
                homes.append(TESTS_ELSEWHERE[place.parts[0]])
            if not any((home / f"test_{path.name}").is_file() for home in homes):
                missing.add(name)
    assert missing == set()


def bound_names(tree: ast.AST) -> Iterator[str]:
    """Every name that a module gives to a value: variables, arguments, fields of classes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg


@pytest.mark.parametrize("package", PACKAGES)
def test_no_two_modules_share_a_stem(package: str) -> None:
    stems = Counter(
        path.stem
        for name, path in modules(package).items()
        if not path.name.startswith("__")
        # What every architecture has is called alike in each of their folders.
        and not (".architectures." in name and name.count(".") > 2)
    )
    assert {stem for stem, times in stems.items() if times > 1} == set(SHARED_STEMS[package])


@pytest.mark.parametrize("package", PACKAGES)
def test_variables_are_called_what_they_hold(package: str) -> None:
    empty = {
        name: names
        for name, path in modules(package).items()
        if (names := EMPTY_NAMES & set(bound_names(ast.parse(path.read_text(encoding="utf-8")))))
    }
    # A public field, read by the report of benchmarks.
    assert empty == ({"gliner2_export.quality.gold": {"found"}} if package == "gliner2_export" else {})
