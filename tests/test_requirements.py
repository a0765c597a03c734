"""constraints/oldest.txt is the lower bounds of pyproject.toml; requirements/ pins releases within them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:  # pytest brings it in there
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("dev", "tools")
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
MACHINES = ("x86_64", "aarch64")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def declared(lock: str) -> list[Requirement]:
    """What pyproject.toml asks of the environment that the lock is for; "oldest" is the runtime's alone."""
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime, extras = data["project"]["dependencies"], data["project"]["optional-dependencies"]
    lines = {
        "oldest": runtime,
        "dev": [*runtime, *extras["test"], *extras["dev"]],
        "tools": data["dependency-groups"]["tools"],
    }
    return [Requirement(line) for line in lines[lock]]


def logical_lines(path: Path) -> list[str]:
    """The requirements of a file with their continued lines, less comments."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def pinned(lock: str, python: str, machine: str) -> dict[str, str]:
    """Name → version that pip takes from a lock there on Linux."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.13",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "sys_platform": "linux",
        "os_name": "posix",
    }
    found: dict[str, str] = {}
    for line in logical_lines(ROOT / "requirements" / f"{lock}.txt"):
        requirement = Requirement(line.split("--hash")[0])
        if requirement.marker is None or requirement.marker.evaluate(environment):
            (specifier,) = requirement.specifier
            name = canonicalize_name(requirement.name)
            assert specifier.operator == "==" and name not in found, line
            found[name] = specifier.version
    return found


def test_the_oldest_releases_are_the_lower_bounds() -> None:
    expected = []
    for requirement in declared("oldest"):
        (lower,) = (item.version for item in requirement.specifier if item.operator == ">=")
        # A bound of 1.26 is met first by release 1.26.0.
        expected.append((requirement.name, f"=={lower}.0", str(requirement.marker)))
    found = [Requirement(line) for line in logical_lines(ROOT / "constraints" / "oldest.txt")]
    assert [(item.name, str(item.specifier), str(item.marker)) for item in found] == expected


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_pinned_and_hashed(lock: str) -> None:
    lines = logical_lines(ROOT / "requirements" / f"{lock}.txt")
    assert len(lines) > 20
    for line in lines:
        assert HASH.search(line), line
        left = HASH.sub("", line)
        assert re.fullmatch(r"[a-z0-9._-]+(\[[a-z,]+\])?==[\w.+]+\s*(;[^#]*)?", left.strip()), line


@pytest.mark.parametrize("name", ["requirements/dev.txt", "requirements/tools.txt", "constraints/oldest.txt"])
def test_no_file_names_where_packages_come_from(name: str) -> None:
    """That is the affair of the machine that installs them."""
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"://|@ |--(extra-)?index|--find-links|--trusted-host", text)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", LOCKS)
def test_locks_satisfy_pyproject(lock: str, python: str, machine: str) -> None:
    versions = pinned(lock, python, machine)
    for requirement in declared(lock):
        if requirement.marker is None or requirement.marker.evaluate({"python_version": python}):
            assert versions[canonicalize_name(requirement.name)] in requirement.specifier, str(requirement)
