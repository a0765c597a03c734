"""This machine as far as a model's files and threads depend on it: CPU features, usable processors.

Python and the operating system are asked for both; nothing is run or measured.
"""

from __future__ import annotations

import math
import os
import platform
import sys
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
#: cgroup v2, then v1: quota and period of the processor time that a container may use.
CPU_MAX = Path("/sys/fs/cgroup/cpu.max")
CFS_QUOTA = Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")
CFS_PERIOD = Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us")

#: x86 flags that choose a kernel start like this; the many others (virtualisation, mitigations) do not.
VECTOR_FLAGS = ("sse", "ssse", "pni", "avx", "fma", "f16c", "bmi", "amx", "movbe", "vnni")
#: What names an Arm core: kernels are chosen by features, for some cores by the part too.
ARM_FIELDS = ("CPU implementer", "CPU part", "Features")


def cpu_features() -> str | None:
    """What weights packed for this CPU depend on, as one line; None where it cannot be told."""
    machine = platform.machine().lower() or "unknown"
    if sys.platform == "darwin":
        detail = _apple_chip()
    elif CPUINFO.is_file():
        detail = _read_cpuinfo(CPUINFO)
    else:
        detail = platform.processor()  # Windows: family, model and stepping
    return f"{sys.platform} {machine} {detail}" if detail else None


def _read_cpuinfo(path: Path) -> str | None:
    """The vector features of the processors that differ from each other, in order of appearance."""
    found: dict[str, None] = {}
    block: dict[str, str] = {}
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            if name.strip():
                block[name.strip()] = value.strip()
            elif block:
                found[_describe(block)] = None
                if "flags" in block:  # x86: all processors are alike, and the file is slow to read
                    block = {}
                    break
                block = {}
    if block:
        found[_describe(block)] = None
    return " / ".join(text for text in found if text) or None


def _describe(block: dict[str, str]) -> str:
    if "flags" in block:
        return " ".join(sorted(flag for flag in block["flags"].split() if flag.startswith(VECTOR_FLAGS)))
    return " ".join(block[name] for name in ARM_FIELDS if name in block)


def _apple_chip() -> str | None:
    import subprocess

    try:
        asked = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True, timeout=5
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return asked.stdout.strip() or None


def usable_cpus() -> int:
    """Processors that this process may use: affinity and a container's quota count, rounded up."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux
    count = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    quota = _container_quota()
    return max(1, count if quota is None else min(count, math.ceil(quota)))


def cpus_are_limited() -> bool:
    """Whether this process may use fewer processors than the machine has."""
    return usable_cpus() < (os.cpu_count() or 1)


def _container_quota() -> float | None:
    try:
        if CPU_MAX.is_file():
            quota, period = CPU_MAX.read_text().split()[:2]
        elif CFS_QUOTA.is_file():
            quota, period = CFS_QUOTA.read_text().strip(), CFS_PERIOD.read_text().strip()
        else:
            return None
        if quota == "max" or int(quota) <= 0 or int(period) <= 0:
            return None
        return int(quota) / int(period)
    except (OSError, ValueError):
        return None
