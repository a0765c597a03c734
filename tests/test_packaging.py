"""What an installation brings in, what an import loads, and where heavy packages may be imported."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path

import pytest

import gliner2_lite

if sys.version_info >= (3, 11):
    pass
else:  # pytest brings it in there
    pass

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path(gliner2_lite.__file__).parent
DEPENDENCIES = {"numpy", "onnxruntime", "tokenizers", "huggingface_hub"}
FORBIDDEN = {"torch", "transformers", "onnx", "optimum", "gliner2", "pydantic", "gliner2_export"}


def modules_loaded_by(statement: str, tmp_path: Path) -> set[str]:
    """Top-level names in sys.modules after ``statement`` ran in a new interpreter, away from the checkout."""
    code = (
        f"import json, sys\n{statement}\nprint(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "statement",
    [
        "import gliner2_lite",
        "from gliner2_lite import Schema, RegexValidator, GLiNER2LiteError; Schema().entities(['a'])",
        "import gliner2_lite.cli; gliner2_lite.cli.build_parser()",
    ],
)
def test_light_imports_load_nothing_heavy(statement: str, tmp_path: Path) -> None:
    assert modules_loaded_by(statement, tmp_path) & (DEPENDENCIES | FORBIDDEN) == set()


@pytest.mark.parametrize(
    "arguments", [["info", "tiny"], ["schema", "check", "schema.json", "--model", "tiny"]]
)
def test_commands_that_run_no_model_do_not_load_onnxruntime(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text('{"entities": ["person"]}')
    statement = f"from gliner2_lite.cli import main\nassert main({arguments!r}) == 0"
    loaded = modules_loaded_by(statement, tmp_path)
    assert loaded & ({"onnxruntime", "tokenizers", "huggingface_hub"} | FORBIDDEN) == set()


def test_wheel_depends_on_four_packages() -> None:
    requirements = metadata("gliner2-lite").get_all("Requires-Dist") or []
    runtime = {re.split(r"[\s<>=!~;]", line)[0] for line in requirements if "extra ==" not in line}
    assert runtime == DEPENDENCIES


def test_version_is_the_installed_one() -> None:
    assert metadata("gliner2-lite")["Version"] == gliner2_lite.__version__


def test_every_folder_of_modules_is_a_package() -> None:
    """pyproject.toml finds packages by their ``__init__.py``: a folder without one would not ship."""
    folders = {
        path.parent for home in (ROOT / "gliner2_lite", ROOT / "export") for path in home.rglob("*.py")
    }
    assert [str(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_typing_marker_ships() -> None:
    assert (PACKAGE / "py.typed").is_file()


def test_changelog_has_this_version() -> None:
    assert f"## {gliner2_lite.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "recipe", sorted(ROOT.glob("examples/*/Containerfile")), ids=lambda path: path.parent.name
)
def test_container_recipes_copy_what_is_there_and_compile_what_they_copied(recipe: Path) -> None:
    left_out = set((ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n"))
    lines = recipe.read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    copies = [line.split()[1:] for line in lines if line.startswith("COPY ")]
    sources = [words[0] for words in copies if not words[0].startswith("--from=")]
    assert "bundle/" in sources and "." in sources
    for source in set(sources) - {"bundle/"}:  # the bundle is the user's
        assert list(ROOT.glob(source)) if source != "." else True, source
        assert source.split("/")[0] not in left_out, source
    copied = next(number for number, line in enumerate(lines) if line.startswith("COPY bundle/ /opt/model/"))
    assert any("gliner2-lite compile /opt/model" in line for line in lines[copied:])
