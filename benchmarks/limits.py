"""Memory limits for one process, as far as this machine lets them be set.

``cgroup``: what a container or a systemd unit with a limit does; pages of files that only this group uses
count too, but the kernel drops them under pressure. ``address space``: RLIMIT_AS, which counts every mapped
byte, used or not; stricter than a device with that much memory.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CGROUP_V2, CGROUP_V1, ADDRESS_SPACE, NONE = "cgroup v2", "cgroup v1", "address space", "none"
CGROUP_ROOT = Path("/sys/fs/cgroup")
#: Files of a group: (limit, limit with swap, peak, events with the number of kills).
FILES = {
    CGROUP_V2: ("memory.max", "memory.swap.max", "memory.peak", "memory.events"),
    CGROUP_V1: (
        "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.max_usage_in_bytes",
        "memory.oom_control",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Group:
    """A control group with a memory limit; a process joins by writing its id into ``join``."""

    kind: str
    path: Path

    @property
    def join(self) -> str:
        return str(self.path / "cgroup.procs")

    def kills(self) -> int:
        """Processes that the kernel has killed in it for want of memory."""
        for line in _read(self.path / FILES[self.kind][3]).splitlines():
            name, _, value = line.partition(" ")
            if name == "oom_kill" and value.isdigit():
                return int(value)
        return 0

    def peak_mb(self) -> float | None:
        """The most that it has used, pages of files included."""
        text = _read(self.path / FILES[self.kind][2]).strip()
        return int(text) / 1e6 if text.isdigit() else None


@contextmanager
def memory_group(limit: int) -> Iterator[Group | str]:
    """A group with ``limit`` bytes below this process's own, or the reason why there can be none."""
    made = _make(limit)
    try:
        yield made
    finally:
        if isinstance(made, Group):
            made.path.rmdir()


def _make(limit: int) -> Group | str:
    if not sys.platform.startswith("linux"):
        return "control groups are Linux's"
    reasons = []
    for kind, parent in _parents():
        path = parent / f"gliner2-lite-{os.getpid()}"
        try:
            path.mkdir()
        except OSError as error:
            reasons.append(f"{kind}: {error.strerror}")
            continue
        group = Group(kind, path)
        try:
            maximum, swap, *_ = FILES[kind]
            (path / maximum).write_text(str(limit))
            if (path / swap).exists():
                (path / swap).write_text(str(limit) if kind == CGROUP_V1 else "0")
            return group
        except OSError as error:
            path.rmdir()
            reasons.append(f"{kind}: {error.strerror}")
    return "; ".join(reasons) or "no memory controller is mounted"


def _parents() -> Iterator[tuple[str, Path]]:
    """Where a group below this process's own may be made, for each mounted kind."""
    groups = dict(line.split(":", 2)[1:] for line in _read(Path("/proc/self/cgroup")).splitlines())
    if "" in groups and (CGROUP_ROOT / "cgroup.controllers").exists():
        yield CGROUP_V2, CGROUP_ROOT / groups[""].lstrip("/")
    for controllers, path in groups.items():
        if "memory" in controllers.split(","):
            yield CGROUP_V1, CGROUP_ROOT / "memory" / path.lstrip("/")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
