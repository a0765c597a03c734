"""What this machine says of its processors, and how many of them a process may use."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from gliner2_lite.machine import processors
from tests.machine.files import write

X86 = """processor\t: 0
vendor_id\t: AuthenticAMD
flags\t\t: fpu vme sse sse2 avx2 fma hypervisor avx512_vnni

processor\t: 1
flags\t\t: fpu
"""
BIG_LITTLE = """processor\t: 0
Features\t: fp asimd asimddp
CPU implementer\t: 0x41
CPU part\t: 0xd05

processor\t: 1
Features\t: fp asimd asimddp
CPU implementer\t: 0x41
CPU part\t: 0xd0b

"""


def test_cpu_features_are_the_vector_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    monkeypatch.setattr(processors, "CPUINFO", cpuinfo)
    monkeypatch.setattr(processors.sys, "platform", "linux")
    cpuinfo.write_text(X86)
    first = processors.cpu_features()
    assert first is not None and first.endswith(" avx2 avx512_vnni fma sse sse2")
    cpuinfo.write_text(X86.replace("hypervisor", ""))
    assert processors.cpu_features() == first
    cpuinfo.write_text(X86.replace("avx512_vnni", ""))
    assert processors.cpu_features() != first
    cpuinfo.write_text(BIG_LITTLE)
    both = processors.cpu_features()
    assert both is not None and "0xd05" in both and "0xd0b" in both
    cpuinfo.write_text("")
    assert processors.cpu_features() is None


def test_cpu_of_a_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processors.sys, "platform", "darwin")
    monkeypatch.setattr(subprocess, "run", lambda *args, **options: SimpleNamespace(stdout="Apple M2\n"))
    assert str(processors.cpu_features()).endswith("Apple M2")

    def fails(*args: object, **options: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(subprocess, "run", fails)
    assert processors.cpu_features() is None


@pytest.mark.parametrize(
    ("content", "count"),
    [("max 100000", 8), ("150000 100000", 2), ("50000 100000", 1), ("rubbish", 8), ("", 8), ("0 0", 8)],
)
def test_a_containers_quota_limits_the_threads(groups: Path, content: str, count: int) -> None:
    write(groups / "cpu.max", content)
    assert processors.usable_cpus() == processors.usable_cores() == count


def test_quota_of_older_kernels(groups: Path) -> None:
    assert processors.usable_cpus() == 8
    write(groups / "cpu" / "cpu.cfs_quota_us", "300000\n")
    write(groups / "cpu" / "cpu.cfs_period_us", "100000\n")
    assert processors.usable_cpus() == 3
    write(groups / "cpu" / "cpu.cfs_quota_us", "-1\n")
    assert processors.usable_cpus() == 8


def test_two_threads_of_a_core_are_one_core(groups: Path) -> None:
    for number in range(8):
        write(
            processors.CPUS / f"cpu{number}" / "topology" / "thread_siblings_list",
            f"{number % 4},{number % 4 + 4}\n",
        )
    assert (processors.usable_cpus(), processors.usable_cores()) == (8, 4)


def test_a_process_that_may_use_some_processors_only_is_limited(
    groups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert not processors.cpus_are_limited()
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {1, 5}, raising=False)
    assert processors.usable_cpus() == 2 and processors.cpus_are_limited()
    monkeypatch.delattr(os, "sched_getaffinity")  # not on every system
    assert processors.usable_cpus() == 8


def test_this_machine_answers() -> None:
    assert 1 <= processors.usable_cores() <= processors.usable_cpus() <= (os.cpu_count() or 1)
