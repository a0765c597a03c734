"""What the wheel and the sdist hold, file by file; nothing there is a pickle, and nothing is read as one."""

from __future__ import annotations

import ast
import io
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

import gliner2_lite

ROOT = Path(__file__).resolve().parent.parent
NAME = f"gliner2_lite-{gliner2_lite.__version__}"
#: Folder of the checkout → its name in the wheel.
SOURCES = {"gliner2_lite": "gliner2_lite", "export/gliner2_export": "gliner2_export"}
DATA = {
    "gliner2_lite/py.typed",
    "gliner2_lite/data/tiny/README.md",
    "gliner2_lite/data/tiny/gliner2_lite.json",
    "gliner2_lite/data/tiny/heads_int8.npz",
    "gliner2_lite/data/tiny/onnx/model_int8.onnx",
    "gliner2_lite/data/tiny/onnx/model_int8.onnx_data",
    "gliner2_lite/data/tiny/quality.json",
    "gliner2_lite/data/tiny/tokenizer.json",
    "gliner2_lite/data/tiny/vocabulary.bin",
    "gliner2_export/card.md",
    "gliner2_export/data/calibration.txt",
    "gliner2_export/data/heldout.txt",
}
DIST_INFO = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt", "licenses/LICENSE"}
EGG_INFO = {
    "PKG-INFO", "SOURCES.txt", "dependency_links.txt", "entry_points.txt", "requires.txt", "top_level.txt",
}  # fmt: skip
SDIST_ROOT = {"LICENSE", "MANIFEST.in", "PKG-INFO", "README.md", "pyproject.toml", "setup.cfg"}
COMPILED = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\0asm", b"!<arch>")
PICKLES = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))

#: Modules that turn bytes into objects or code. workers.py sends arguments to processes that it started.
UNSAFE = {"_pickle", "cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
ALLOWED = {"gliner2_lite/pipeline/workers.py": {"pickle"}}
#: Calls that unpickle unless an argument forbids it.
LOADS = {"np.load": ("allow_pickle", False), "torch.load": ("weights_only", True)}


def build(what: str, source: Path, out: Path) -> Path:
    """Run pyproject.toml's build backend in this environment, as ``pip --no-build-isolation`` does."""
    out.mkdir(exist_ok=True)
    code = f"import sys; from setuptools import build_meta; print(build_meta.build_{what}(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(out)], cwd=source, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return out / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy to build in, with a test and a benchmark that must not be packaged."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"):
        shutil.copy(ROOT / name, copy / name)
    for folder in (*SOURCES, "benchmarks"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", "out"))
    (copy / "tests").mkdir()
    shutil.copy(__file__, copy / "tests" / "test_contents.py")
    return copy


@pytest.fixture(scope="module")
def sdist(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", checkout, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(place, filter="data")
    return place / NAME


@pytest.fixture(scope="module")
def wheel(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that pip makes from the sdist."""
    return build("wheel", unpacked, tmp_path_factory.mktemp("wheel"))


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {item.filename: archive.read(item) for item in archive.infolist() if not item.is_dir()}


def packaged() -> set[str]:
    """The modules of the checkout, as they are named in the wheel, and the data files."""
    return DATA | {
        (PurePosixPath(top) / path.relative_to(ROOT / folder).as_posix()).as_posix()
        for folder, top in SOURCES.items()
        for path in (ROOT / folder).rglob("*.py")
    }


def test_the_wheel_holds_these_files_and_no_others(wheel: Path) -> None:
    assert wheel.name == f"{NAME}-py3-none-any.whl"
    found = contents(wheel)
    assert set(found) == packaged() | {f"{NAME}.dist-info/{name}" for name in DIST_INFO}
    assert b"Root-Is-Purelib: true\nTag: py3-none-any\n" in found[f"{NAME}.dist-info/WHEEL"]
    assert found[f"{NAME}.dist-info/top_level.txt"].split() == [b"gliner2_export", b"gliner2_lite"]


def test_the_sdist_holds_the_same_and_what_builds_it(sdist: Path) -> None:
    folders = {top: folder for folder, top in SOURCES.items()}
    modules = {
        "/".join((folders[top], *rest)) for top, *rest in (name.split("/") for name in packaged())
    }  # the sdist has the folders of the checkout
    with tarfile.open(sdist) as archive:
        found = {item.name.removeprefix(f"{NAME}/") for item in archive.getmembers() if item.isfile()}
    assert found == modules | SDIST_ROOT | {f"gliner2_lite.egg-info/{name}" for name in EGG_INFO}


def test_checkout_and_sdist_build_the_same_wheel(
    checkout: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    direct = build("wheel", checkout, tmp_path_factory.mktemp("direct"))
    assert direct.name == wheel.name
    assert contents(direct) == contents(wheel)


def test_packaged_files_are_those_of_the_checkout(wheel: Path) -> None:
    found = contents(wheel)
    for folder, top in SOURCES.items():
        for name in (name for name in packaged() if name.startswith(f"{top}/")):
            assert found[name] == (ROOT / folder / name.removeprefix(f"{top}/")).read_bytes(), name


def test_sizes_are_bounded(wheel: Path, sdist: Path) -> None:
    """A file that got in by accident, or grew, shows here; docs tell how large the package is."""
    assert wheel.stat().st_size < 33e6
    assert sdist.stat().st_size < 33e6
    for name, data in contents(wheel).items():
        assert len(data) < (32_000 if name.endswith((".py", ".md", ".txt")) else 34e6), name


def test_no_file_is_compiled_or_a_pickle(wheel: Path) -> None:
    for name, data in contents(wheel).items():
        assert not data.startswith((*COMPILED, *PICKLES)), name
        assert not name.endswith((".so", ".pyd", ".pyc", ".dll", ".dylib", ".pkl", ".pickle", ".pt")), name
        if name.endswith(".npz"):
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                assert {arrays[key].dtype.kind for key in arrays} <= set("fiu"), name


def unpickling(path: Path) -> set[str]:
    """Modules of UNSAFE that a source file imports, and calls of LOADS without the argument they need."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names} & UNSAFE
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found |= {str(node.module).split(".")[0]} & UNSAFE
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func).replace("numpy.", "np.")
            argument, value = LOADS.get(called, ("", None))
            given = {item.arg: ast.unparse(item.value) for item in node.keywords}
            if argument and given.get(argument) != str(value):
                found.add(called)
    return found


def test_nothing_is_unpickled_but_what_workers_send_each_other() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): unsafe
        for folder in SOURCES
        for path in (ROOT / folder).rglob("*.py")
        if (unsafe := unpickling(path))
    }
    assert found == ALLOWED


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import marshal, json", {"marshal"}),
        ("from pickle import loads", {"pickle"}),
        ("import numpy as np\nnp.load(path)", {"np.load"}),
        ("numpy.load(path, allow_pickle=True)", {"np.load"}),
        ("torch.load(path, 'cpu')", {"torch.load"}),
        ("np.load(path, allow_pickle=False)\njson.load(file)", set()),
    ],
)
def test_what_the_search_for_pickles_finds(source: str, expected: set[str], tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(source)
    assert unpickling(module) == expected
