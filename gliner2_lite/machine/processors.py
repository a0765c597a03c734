"""The processors of this machine: what packed weights depend on, and how many this process may use.

All of it comes from Python and the operating system; nothing is run or measured.
"""

from __future__ import annotations

import math
import os
import platform
import sys
from pathlib import Path

from gliner2_lite.machine.control_groups import group_folders, read_words

CPUINFO = Path("/proc/cpuinfo")
CPUS = Path("/sys/devices/system/cpu")

#: x86 flags that choose a kernel start like this; the many others (virtualisation, mitigations) do not.
VECTOR_FLAGS = ("sse", "ssse", "pni", "avx", "fma", "f16c", "bmi", "amx", "movbe", "vnni")
#: What names an Arm core: kernels are chosen by features, for some cores by the part too.
ARM_FIELDS = ("CPU implementer", "CPU part", "Features")


def cpu_features() -> str | None:
    """The features of this CPU on which packed weights depend, as one line; None where they are not known."""
    machine = platform.machine().lower() or "unknown"
    if sys.platform == "darwin":
        detail = _apple_chip()
    elif CPUINFO.is_file():
        try:
            detail = _read_cpuinfo(CPUINFO)
        except OSError:  # no right to read it
            return None
    else:
        detail = platform.processor()  # Windows: family, model and stepping
    return f"{sys.platform} {machine} {detail}" if detail else None


def _read_cpuinfo(path: Path) -> str | None:
    """The vector features of the processors that differ from each other, in order of appearance."""
    kinds: dict[str, None] = {}  # an ordered set
    block: dict[str, str] = {}
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            if name.strip():
                block[name.strip()] = value.strip()
            elif block:
                kinds[_describe(block)] = None
                if "flags" in block:  # x86: all processors are alike, and the file is slow to read
                    block = {}
                    break
                block = {}
    if block:
        kinds[_describe(block)] = None
    return " / ".join(text for text in kinds if text) or None


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
    return _within_quota(len(_allowed_processors()))


def usable_cores() -> int:
    """Physical cores that this process may use: two threads of one core compute no faster than one."""
    groups = {
        tuple(read_words(CPUS / f"cpu{number}" / "topology" / "thread_siblings_list")) or number
        for number in _allowed_processors()
    }
    return _within_quota(len(groups))


def cpus_are_limited() -> bool:
    """Whether this process may use fewer processors than the machine has."""
    return usable_cpus() < (os.cpu_count() or 1)


def _allowed_processors() -> set[int]:
    affinity = getattr(os, "sched_getaffinity", None)  # Linux
    return set(affinity(0)) if affinity is not None else set(range(os.cpu_count() or 1))


def _within_quota(count: int) -> int:
    return max(1, min([count, *(math.ceil(quota) for quota in _quotas())]))


def _quotas() -> list[float]:
    """Processors that control groups grant."""
    quotas = []
    for folder in group_folders("cpu"):
        for words in (
            read_words(folder / "cpu.max"),
            read_words(folder / "cpu.cfs_quota_us") + read_words(folder / "cpu.cfs_period_us"),  # version 1
        ):
            if len(words) == 2 and all(word.isdecimal() and int(word) > 0 for word in words):
                quotas.append(int(words[0]) / int(words[1]))
    return quotas
