"""The memory of this process: how much more it may take, and giving back what it has freed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from gliner2_lite.machine.control_groups import group_folders, read_field, read_number

MEMINFO = Path("/proc/meminfo")
STATM = Path("/proc/self/statm")


def free_memory() -> int | None:
    """Bytes that this process may still take before an allocation fails or it is killed; None: not known.

    The least of what the machine has available, what control groups leave, and what RLIMIT_AS leaves.
    """
    if not MEMINFO.is_file():
        return None  # macOS and Windows have no such limits, and swap
    left = [1024 * read_field(MEMINFO, "MemAvailable:")]
    for folder in group_folders("memory"):
        for limit, usage, cached in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),  # version 1
        ):
            most, now = read_number(folder / limit), read_number(folder / usage)
            if most is not None and now is not None:
                left.append(most - now + read_field(folder / "memory.stat", cached))
    addresses = _address_limit()
    if addresses is not None:
        left.append(addresses - os.sysconf("SC_PAGE_SIZE") * (read_number(STATM) or 0))
    return max(0, min(left))


def release_memory() -> None:
    """Return freed memory to the system where the C library can: glibc keeps it otherwise."""
    if sys.platform == "linux":
        import ctypes

        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def _address_limit() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if limit == resource.RLIM_INFINITY else limit
