"""Size of what an interpreter has installed; it runs this file as a script, which needs ``packaging`` only.

``installed.py REQUIREMENT``: one line of JSON for the requirement and all that it needs there.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import metadata
from typing import Any


def closure(requirement: str) -> dict[str, metadata.Distribution]:
    """Name → distribution of ``requirement`` and, in turn, of everything that it requires here."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    distributions: dict[str, metadata.Distribution] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [Requirement(requirement)]
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        for extra in ("", *wanted.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            distributions[name] = metadata.distribution(wanted.name)
            for line in distributions[name].requires or ():
                needed = Requirement(line)
                if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                    waiting.append(needed)
    return distributions


def size_of(distribution: metadata.Distribution, skip: str | None = None) -> dict[str, int]:
    """Bytes of its files: ``bytes`` in all, ``bytecode`` and ``skipped`` (path holds ``skip``) of them."""
    sizes = {"bytes": 0, "bytecode": 0, "skipped": 0}
    for file in distribution.files or ():
        path = str(file.locate())
        if os.path.isfile(path):
            size = os.path.getsize(path)
            sizes["bytes"] += size
            sizes["bytecode"] += size if path.endswith(".pyc") else 0
            sizes["skipped"] += size if skip is not None and skip in path.replace(os.sep, "/") else 0
    return sizes


def measure(requirement: str, skip: str | None) -> dict[str, Any]:
    """Sizes and versions of the closure of ``requirement``, largest first."""
    distributions = closure(requirement)
    packages = [
        {"name": name, "version": one.version, **size_of(one, skip)} for name, one in distributions.items()
    ]
    return {"requirement": requirement, "packages": sorted(packages, key=lambda one: -one["bytes"])}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)))
