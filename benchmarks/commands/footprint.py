"""``footprint``: how much disk a slim environment, the reference's environment and the bundles take."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import installed
from benchmarks.goals import Goal, at_most, goals_table
from benchmarks.machine import available_cpus
from benchmarks.options import add_environment_options, add_out_option
from benchmarks.results import new_result_without_contestants, write_result
from benchmarks.settings import prepare_out
from benchmarks.tables import table
from gliner2_lite.bundle.manifest import read_bundle
from gliner2_lite.errors import GLiNER2LiteError, InputError

PROJECT = Path(__file__).resolve().parents[2]
SCRIPT = Path(installed.__file__).resolve()
EMBEDDED_DATA = "gliner2_lite/data/"  # the embedded model: not part of the slim environment's figure
OUR_PACKAGE, REFERENCE_PACKAGE = "gliner2-lite", "gliner2[local]"
#: Of the checkout, what a build reads; everything else may be large or stale.
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "gliner2_lite", "export")
SLIM_MB = 190.0  # goal: at most


class InstallError(GLiNER2LiteError, RuntimeError):
    """An environment could not be made or read."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``footprint`` command to ``commands``."""
    parser = commands.add_parser("footprint", help="sizes on disk: slim environment, reference, bundles")
    parser.add_argument("--bundle", type=Path, nargs="+", default=[], metavar="DIR", help="bundles to list")
    add_environment_options(parser)
    add_out_option(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Add up the sizes and print the report."""
    out = prepare_out(options.out)
    result = measure(
        bundles=options.bundle,
        wheel=options.wheel,
        slim_python=options.slim_python,
        reference_python=options.reference_python,
    )
    print(write_result(result, report(result), out), end="")


def measure(
    *, bundles: Sequence[Path], wheel: Path | None, slim_python: Path | None, reference_python: Path | None
) -> dict[str, Any]:
    """Sizes of a slim environment, of an existing one with the reference, and of ``bundles`` by file.

    The slim environment is made in a temporary folder from ``wheel`` (None: from this checkout), unless
    ``slim_python`` is the interpreter of one that exists.
    """
    for path in (wheel, slim_python, reference_python):
        if path is not None and not path.is_file():
            raise InputError(f"{path} is not a file")
    cpus = available_cpus()
    result: dict[str, Any] = {
        **new_result_without_contestants("footprint", cpus=cpus, threads=len(cpus)),
        "environments": {},
        "rows": [bundle_sizes(path) for path in bundles],
    }
    if slim_python is not None:
        result["environments"]["slim"] = environment_sizes(slim_python, OUR_PACKAGE)
    else:
        with tempfile.TemporaryDirectory(prefix="gliner2-lite-") as folder:
            python = make_slim(Path(folder), wheel)
            result["environments"]["slim"] = environment_sizes(python, OUR_PACKAGE)
    if reference_python is not None:
        result["environments"]["reference"] = environment_sizes(reference_python, REFERENCE_PACKAGE)
    return result


def make_slim(folder: Path, wheel: Path | None) -> Path:
    """A new environment without pip, with ``wheel`` or this checkout; returns its interpreter."""
    home = folder / "slim"
    venv.create(home, with_pip=False)
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    source = wheel if wheel is not None else _copy_sources(folder / "source")
    print(f"installing {OUR_PACKAGE} into a new environment", file=sys.stderr, flush=True)
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-input"]
    _run([*pip, "--disable-pip-version-check", str(source)])
    return python


def environment_sizes(python: Path, requirement: str) -> dict[str, Any]:
    """What ``requirement`` and its dependencies take in the environment of ``python``.

    ``bytes`` is without the embedded model, whose ``embedded_bytes`` are told apart.
    """
    answer = json.loads(_run([str(python), str(SCRIPT), requirement, EMBEDDED_DATA]))
    packages = answer["packages"]
    embedded = sum(one.pop("skipped") for one in packages)
    total = sum(one["bytes"] for one in packages)
    return {
        "requirement": requirement,
        "bytes": total - embedded,
        "embedded_bytes": embedded,
        "bytecode_bytes": sum(one["bytecode"] for one in packages),
        "packages": packages,
    }


def bundle_sizes(root: Path) -> dict[str, Any]:
    """Bytes of every file of a bundle, and of what each variant needs."""
    bundle = read_bundle(root)
    needed = {}
    for name, variant in bundle.variants.items():
        shared = {file for file in bundle.files if not _of_a_variant(bundle, file)}
        needed[name] = sum(bundle.files[file].size for file in {*variant.files, variant.heads, *shared})
    return {
        "name": root.resolve().name,
        "files": {name: entry.size for name, entry in sorted(bundle.files.items())},
        "variants": needed,
    }


def _of_a_variant(bundle: Any, file: str) -> bool:
    return any(file in (*variant.files, variant.heads) for variant in bundle.variants.values())


def _copy_sources(target: Path) -> Path:
    """The checkout without build outputs: building in place would leave some behind."""
    target.mkdir()
    for name in SOURCES:
        path = PROJECT / name
        if path.is_dir():
            shutil.copytree(path, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(path, target / name)
    return target


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 0:
        raise InstallError(f"{' '.join(command)} failed:\n{done.stderr.strip()[-1500:]}")
    return done.stdout


def report(result: dict[str, Any]) -> list[str]:
    """Environments, their largest packages, bundles by file, and the goal."""
    lines = ["# Footprint", "", "Megabytes (10⁶ bytes) of files.", ""]
    names = {"slim": "slim environment", "reference": "the reference's environment"}
    lines += table(
        ["environment", "what is counted", "MB", "of it bytecode", "packages"],
        (
            [
                names[name],
                f"{one['requirement']} and its dependencies",
                f"**{_mb(one['bytes'])}**",
                _mb(one["bytecode_bytes"]),
                str(len(one["packages"])),
            ]
            for name, one in result["environments"].items()
        ),
    )
    slim = result["environments"]["slim"]
    lines += ["", f"The embedded model ({_mb(slim['embedded_bytes'])} MB) is not counted, nor is pip.", ""]
    for name, one in result["environments"].items():
        lines += [f"## {names[name]}, largest packages", ""]
        lines += table(
            ["package", "version", "MB", "of it bytecode"],
            (
                [item["name"], item["version"], _mb(item["bytes"]), _mb(item["bytecode"])]
                for item in one["packages"][:10]
            ),
        )
        lines.append("")
    for row in result["rows"]:
        lines += [f"## Bundle {row['name']}", ""]
        lines += table(["file", "MB"], ([name, _mb(size)] for name, size in row["files"].items()))
        lines.append("")
        lines += table(
            ["variant", "MB that it needs"], ([name, _mb(size)] for name, size in row["variants"].items())
        )
        lines.append("")
    return lines + goals_table(goals(result))


def goals(result: dict[str, Any]) -> list[Goal]:
    """The goal for the slim environment."""
    environments = result["environments"]
    theirs = environments["reference"]["bytes"] / 1e6 if "reference" in environments else None
    what = "slim environment, without the embedded model"
    return [at_most(what, environments["slim"]["bytes"] / 1e6, SLIM_MB, "MB", theirs)]


def _mb(count: int) -> str:
    return f"{count / 1e6:.1f}"
