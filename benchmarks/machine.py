"""What a figure depends on: processor, cores, versions, and who else used the machine meanwhile."""

from __future__ import annotations

import datetime
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = (
    "gliner2-lite", "gliner2", "torch", "transformers", "optimum", "optimum-onnx", "onnxruntime",
    "numpy", "tokenizers",
)  # fmt: skip
#: What decides how fast int8 products can be.
CPU_FLAGS = (
    "avx2", "fma", "avx512f", "avx512bw", "avx512_vnni", "avx_vnni", "amx_int8", "amx_tile",
    "asimd", "asimddp", "i8mm", "sve",
)  # fmt: skip


def describe_machine(cpus: list[int], threads: int) -> dict[str, Any]:
    """The machine and its software, as written into every result file."""
    cpuinfo = _read("/proc/cpuinfo")
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": _field(cpuinfo, "model name") or platform.processor() or platform.machine(),
        "architecture": platform.machine(),
        "flags": _flags(cpuinfo),
        "cores": os.cpu_count(),
        "cpus_used": cpus,
        "threads": threads,
        "memory_gb": _memory_gb(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version for name in PACKAGES if (version := _version(name))},
    }


def available_cpus() -> list[int]:
    """The processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def busy_seconds() -> float | None:
    """Processor time that the whole machine has spent on work since boot; None where it is not told."""
    fields = _read("/proc/stat").split("\n", 1)[0].split()
    if len(fields) < 9 or fields[0] != "cpu":
        return None
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, fields[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _flags(cpuinfo: str) -> list[str]:
    present = set((_field(cpuinfo, "flags") or _field(cpuinfo, "Features")).split())
    return [flag for flag in CPU_FLAGS if flag in present]


def _field(text: str, name: str) -> str:
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def _memory_gb() -> float | None:
    total = _field(_read("/proc/meminfo"), "MemTotal").split()
    return round(int(total[0]) / 2**20, 1) if total else None


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""
