"""Profiles, their overrides, and what this machine says of itself."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gliner2_lite import BundleError, GLiNER2, InputError, Schema
from gliner2_lite.architectures.span.config import CONTRACT
from gliner2_lite.errors import InputTypeError
from gliner2_lite.graph import profiles
from gliner2_lite.graph.profiles import PROFILES, make_settings
from gliner2_lite.graph.session import GraphSession, require_runtime, runtime_version
from gliner2_lite.machine import control_groups as cgroups
from gliner2_lite.machine import processors as machine

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


def test_profiles_answer_alike(small_bundle: Path) -> None:
    text, labels = "Ann Smith of Siemens met Bob in Oslo on Monday.", ["person", "city"]
    answers = [
        GLiNER2.from_pretrained(small_bundle, profile=name).extract_entities(
            text, labels, threshold=0.1, include_confidence=True
        )
        for name in (None, *PROFILES)
    ]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["entities"]


def test_arguments_win_over_the_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_settings("edge", threads=3).threads == 3
    assert make_settings("edge").releases_memory is True and make_settings("server").releases_memory is False
    settings = make_settings("server", session_options={"session.intra_op.allow_spinning": 0, "x": True})
    assert settings.entries == {"session.intra_op.allow_spinning": "0", "x": "1"}
    monkeypatch.setattr(profiles, "cpus_are_limited", lambda: True)
    monkeypatch.setattr(profiles, "usable_cores", lambda: 1)
    assert make_settings().threads == 1
    assert make_settings() == make_settings("serverless"), "waiting threads would use up the share"
    monkeypatch.setattr(profiles, "cpus_are_limited", lambda: False)
    assert make_settings().threads is None
    assert make_settings() == make_settings("server")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"profile": "fast"}, "profile must be one of 'edge', 'serverless', 'server' or None, not 'fast'"),
        ({"profile": ["edge"]}, "profile must be one of"),
        ({"threads": 0}, "threads must be a positive integer"),
        ({"threads": True}, "threads must be a positive integer"),
        ({"providers": []}, "at least one"),
        ({"providers": [3]}, "must be names"),
        ({"session_options": {"a": 1.5}}, "session_options: 'a': 1.5"),
        ({"session_options": {"": "1"}}, "session_options"),
        ({"session_options": {"a" * 5000: "1"}}, "onnxruntime refuses"),
        ({"providers": ["NoSuchProvider"]}, "has no 'NoSuchProvider'; write one of: .*CPUExecutionProvider"),
    ],
)
def test_unusable_arguments_are_named(small_bundle: Path, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        GLiNER2.from_pretrained(small_bundle, **arguments)


def test_wrong_types_are_type_errors() -> None:
    with pytest.raises(InputTypeError, match="providers must be a list"):
        make_settings(providers="CPUExecutionProvider")
    with pytest.raises(InputTypeError, match="session_options must be a dict"):
        make_settings(session_options=[("a", "b")])


def test_settings_reach_the_session(small_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    class Session:
        def __init__(self, path: str, options: object, providers: list[str], enable_fallback: int) -> None:
            seen.append((options, providers))
            raise RuntimeError("seen enough")

    import onnxruntime

    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    settings = make_settings("edge", threads=2, session_options={"session.dynamic_block_base": "4"})
    with pytest.raises(BundleError, match="seen enough"):
        GraphSession(small_bundle / "onnx" / "model.onnx", CONTRACT, settings=settings)
    ((options, providers),) = seen
    assert providers == ["CPUExecutionProvider"]
    assert options.intra_op_num_threads == 2
    assert options.get_session_config_entry("session.dynamic_block_base") == "4"
    assert options.get_session_config_entry("session.force_spinning_stop") == "1"
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


HELD = """
import sys
from pathlib import Path
from gliner2_lite import GLiNER2

def anonymous():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("Anonymous:")).split()[1])

model = GLiNER2.from_pretrained("tiny", profile=sys.argv[1], threads=1)
labels = ["person", "city"]
model.extract_entities("Ann Smith met Bob in Oslo.", labels)
before = anonymous()
model.extract_entities("Ann Smith met Bob in Oslo. " * 70, labels)
print(anonymous() - before)
"""


@pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists() or platform.libc_ver()[0] != "glibc",
    reason="needs a kernel that tells the memory of a process, and a C library that can return it",
)
def test_one_long_text_costs_an_edge_device_no_memory_for_good() -> None:
    held = {
        name: int(subprocess.run([sys.executable, "-c", HELD, name], check=True, capture_output=True).stdout)
        for name in ("edge", "serverless")
    }
    assert held["serverless"] > 20e6, "an arena keeps what the longest text needed"
    assert held["edge"] < 2e6


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_the_arena_is_emptied_after_the_last_run_of_a_call(
    profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between runs of a call its blocks serve the next one: freeing them would cost time."""
    model = GLiNER2.from_pretrained("tiny", threads=1, profile=profile)
    inner, seen = model.pipeline.loaded.session._session, []

    class Watched:
        def __getattr__(self, name: str) -> object:
            return getattr(inner, name)

        def run(self, names: list[str], feeds: dict[str, object]) -> object:
            seen.append("run")
            return inner.run(names, feeds)

        def run_with_iobinding(self, binding: object, options: Any) -> None:
            seen.append(options.get_run_config_entry("memory.enable_memory_arena_shrinkage"))
            inner.run_with_iobinding(binding, options)

    monkeypatch.setattr(model.pipeline.loaded.session, "_session", Watched())
    model.batch_extract(["Ann.", "Bob met Carl.", "Oslo."], Schema().entities(["person"]), batch_size=1)
    assert seen == ["run", "run", "cpu:0" if profile == "edge" else "run"]


def test_older_runtimes_are_refused() -> None:
    require_runtime("1.21", "this bundle")
    with pytest.raises(BundleError, match=r"this bundle needs onnxruntime 99\.0.*pip install"):
        require_runtime("99.0", "this bundle")
    assert runtime_version()


def test_cpu_features_are_the_vector_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    monkeypatch.setattr(machine, "CPUINFO", cpuinfo)
    monkeypatch.setattr(machine.sys, "platform", "linux")
    cpuinfo.write_text(X86)
    first = machine.cpu_features()
    assert first is not None and first.endswith(" avx2 avx512_vnni fma sse sse2")
    cpuinfo.write_text(X86.replace("hypervisor", ""))
    assert machine.cpu_features() == first
    cpuinfo.write_text(X86.replace("avx512_vnni", ""))
    assert machine.cpu_features() != first
    cpuinfo.write_text(BIG_LITTLE)
    both = machine.cpu_features()
    assert both is not None and "0xd05" in both and "0xd0b" in both
    cpuinfo.write_text("")
    assert machine.cpu_features() is None


def test_cpu_of_a_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.sys, "platform", "darwin")
    monkeypatch.setattr(subprocess, "run", lambda *args, **options: SimpleNamespace(stdout="Apple M2\n"))
    assert str(machine.cpu_features()).endswith("Apple M2")

    def fails(*args: object, **options: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(subprocess, "run", fails)
    assert machine.cpu_features() is None


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty tree of control groups, and eight processors."""
    monkeypatch.setattr(cgroups, "ROOT", tmp_path / "cgroup")
    monkeypatch.setattr(cgroups, "MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(machine, "CPUS", tmp_path / "cpus")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    (tmp_path / "cgroup").mkdir()
    return tmp_path / "cgroup"


def write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


@pytest.mark.parametrize(
    ("content", "count"),
    [("max 100000", 8), ("150000 100000", 2), ("50000 100000", 1), ("rubbish", 8), ("", 8), ("0 0", 8)],
)
def test_a_containers_quota_limits_the_threads(groups: Path, content: str, count: int) -> None:
    write(groups / "cpu.max", content)
    assert machine.usable_cpus() == machine.usable_cores() == count


def test_quota_of_older_kernels(groups: Path) -> None:
    assert machine.usable_cpus() == 8
    write(groups / "cpu" / "cpu.cfs_quota_us", "300000\n")
    write(groups / "cpu" / "cpu.cfs_period_us", "100000\n")
    assert machine.usable_cpus() == 3
    write(groups / "cpu" / "cpu.cfs_quota_us", "-1\n")
    assert machine.usable_cpus() == 8


@pytest.mark.parametrize(
    ("membership", "folder"),
    [
        ("0::/a.slice/b.service\n", "a.slice/b.service"),
        ("0::/a.slice/b.service\n", "a.slice"),
        ("5:name=x:/\n3:cpu,cpuacct:/docker/1\n0::/\n", "cpu/docker/1"),
        ("3:cpu,cpuacct:/docker/not-in-here\n", "cpu"),
        ("0::/../outside\nrubbish\n", "."),
    ],
)
def test_the_own_control_group_and_those_above_it_count(groups: Path, membership: str, folder: str) -> None:
    write(cgroups.MEMBERSHIP, membership)
    write(groups / "other" / "cpu.max", "100000 100000")
    if folder.startswith("cpu"):
        write(groups / folder / "cpu.cfs_quota_us", "200000")
        write(groups / folder / "cpu.cfs_period_us", "100000")
    else:
        write(groups / folder / "cpu.max", "200000 100000")
    assert machine.usable_cpus() == 2


def test_two_threads_of_a_core_are_one_core(groups: Path) -> None:
    for number in range(8):
        write(
            machine.CPUS / f"cpu{number}" / "topology" / "thread_siblings_list",
            f"{number % 4},{number % 4 + 4}\n",
        )
    assert (machine.usable_cpus(), machine.usable_cores()) == (8, 4)


def test_free_memory_is_what_the_tightest_limit_leaves(
    groups: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(machine, "_address_limit", lambda: None)
    assert machine.free_memory() is None
    write(machine.MEMINFO, "MemTotal:  9000 kB\nMemAvailable:    4000 kB\n")
    assert machine.free_memory() == 4000 * 1024
    write(groups / "memory" / "memory.limit_in_bytes", "9223372036854771712\n")
    write(groups / "memory" / "memory.usage_in_bytes", "1000\n")
    assert machine.free_memory() == 4000 * 1024
    write(cgroups.MEMBERSHIP, "0::/own\n")
    write(groups / "own" / "memory.max", "3000000\n")
    write(groups / "own" / "memory.current", "2500000\n")
    write(groups / "own" / "memory.stat", "anon 2\ninactive_file 400000\n")
    assert machine.free_memory() == 900_000
    write(groups / "memory.max", "max\n")
    write(groups / "memory" / "memory.limit_in_bytes", "500\n")
    assert machine.free_memory() == 0
    write(groups / "memory" / "memory.limit_in_bytes", "rubbish\n")
    monkeypatch.setattr(machine, "_address_limit", lambda: 5 * os.sysconf("SC_PAGE_SIZE"))
    monkeypatch.setattr(machine, "STATM", tmp_path / "statm")
    write(machine.STATM, "3 1 1 1 0 1 0\n")
    assert machine.free_memory() == 2 * os.sysconf("SC_PAGE_SIZE")


def test_this_machine_answers() -> None:
    free = machine.free_memory()
    assert free is None or free > 0
    assert 1 <= machine.usable_cores() <= machine.usable_cpus() <= (os.cpu_count() or 1)
    machine.give_back_memory()
