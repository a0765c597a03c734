"""The memory of a process, as the kernel reports it. Imports nothing heavy: small processes use it."""

from __future__ import annotations

from pathlib import Path

#: Name in results → fields of smaps_rollup whose sum it is.
FIELDS = {
    "rss_mb": ("Rss",),
    "anonymous_mb": ("Anonymous",),
    "pss_mb": ("Pss",),
    "own_mb": ("Private_Clean", "Private_Dirty"),
}


def read_usage(pid: int | str = "self") -> dict[str, float] | None:
    """Megabytes (10⁶ bytes) of a process; None where the system has no ``smaps_rollup`` (not Linux).

    - ``rss_mb``: resident; ``anonymous_mb`` of it cannot be given back, ``file_mb`` is pages of files;
    - ``pss_mb``: resident, each page divided by the number of processes that have it;
    - ``own_mb``: resident pages that no other process has.
    """
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return None
    return parse_usage(text)


def parse_usage(rollup: str) -> dict[str, float]:
    """The figures of ``read_usage`` in the text of a ``smaps_rollup``."""
    kilobytes = _fields(rollup)
    usage = {name: sum(kilobytes[field] for field in fields) * 1024 / 1e6 for name, fields in FIELDS.items()}
    return {**usage, "file_mb": usage["rss_mb"] - usage["anonymous_mb"]}


def read_peaks() -> dict[str, float]:
    """The largest resident (``peak_rss_mb``) and address space (``peak_address_mb``) of this process so far.

    Empty where the system does not tell. Unlike ``ru_maxrss`` these do not begin with the parent's size.
    """
    try:
        kilobytes = _fields(Path("/proc/self/status").read_text(encoding="utf-8"))
    except OSError:
        return {}
    names = {"peak_rss_mb": "VmHWM", "peak_address_mb": "VmPeak"}
    return {name: kilobytes[field] * 1024 / 1e6 for name, field in names.items() if field in kilobytes}


def reset_peaks() -> None:
    """Set the largest resident size of this process back to its current size."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _fields(text: str) -> dict[str, int]:
    """Lines of the form ``Name:  123 kB``; others are passed over."""
    kilobytes = {}
    for line in text.splitlines():
        name, _, value = line.partition(":")
        parts = value.split()
        if len(parts) == 2 and parts[1] == "kB" and parts[0].isdigit():
            kilobytes[name.strip()] = int(parts[0])
    return kilobytes
