"""Linux control groups: the limits on this process, from its innermost group to the topmost.

Version 2 has one tree for all controllers, version 1 one tree for each. In a container the mounted root is
often the container's own group, whatever path /proc names: a path that does not exist is skipped.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def group_folders(controller: str) -> list[Path]:
    """Folders with the files of ``controller`` (``"cpu"``, ``"memory"``), the innermost group's first."""
    folders: dict[Path, None] = {}
    for base, group in _memberships(controller):
        innermost = base if ".." in group.split("/") else base / group.strip("/")
        for folder in (innermost, *innermost.parents):
            if folder.is_relative_to(base):
                folders[folder] = None
    return list(folders)


def read_words(path: Path) -> list[str]:
    """The words of a small file; none when it cannot be read."""
    try:
        return path.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return []


def read_number(path: Path) -> int | None:
    """The number in a file; None when there is none, as for ``max``."""
    words = read_words(path)
    return int(words[0]) if words and words[0].isdecimal() else None


def read_field(path: Path, name: str) -> int:
    """The number after ``name`` in a file of ``name number`` lines, 0 when it is not there."""
    words = read_words(path)
    if name not in words[:-1]:
        return 0
    value = words[words.index(name) + 1]
    return int(value) if value.isdecimal() else 0


def _memberships(controller: str) -> list[tuple[Path, str]]:
    """``(root of the tree, group in it)`` of each tree that may limit ``controller``."""
    memberships = [(ROOT, ""), (ROOT / controller, "")]
    try:
        lines = MEMBERSHIP.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return memberships
    for line in lines:
        _, controllers, group = [*line.split(":", 2), "", ""][:3]
        if not controllers:
            memberships.append((ROOT, group))
        elif controller in controllers.split(","):
            memberships.append((ROOT / controller, group))
    return memberships
