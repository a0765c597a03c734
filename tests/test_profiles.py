"""Profiles, their overrides, and what this machine says of itself."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from gliner2_lite import BundleError, GLiNER2, InputError, machine, profiles
from gliner2_lite.errors import InputTypeError
from gliner2_lite.profiles import PROFILES, make_settings
from gliner2_lite.session import GraphSession, require_runtime, runtime_version

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


def test_each_profile_is_its_own_name() -> None:
    assert {name: profile.name for name, profile in PROFILES.items()} == {name: name for name in PROFILES}
    assert profiles.DEFAULT_PROFILE in PROFILES


def test_arguments_win_over_the_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_settings("edge", threads=3).threads == 3
    assert make_settings("edge").arena is False and make_settings("server").arena is True
    settings = make_settings("server", session_options={"session.intra_op.allow_spinning": 0, "x": True})
    assert settings.entries == {"session.intra_op.allow_spinning": "0", "x": "1"}
    monkeypatch.setattr(profiles, "cpus_are_limited", lambda: True)
    monkeypatch.setattr(profiles, "usable_cpus", lambda: 1)
    assert make_settings().threads == 1
    monkeypatch.setattr(profiles, "cpus_are_limited", lambda: False)
    assert make_settings().threads is None


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
        GraphSession(small_bundle / "onnx" / "model.onnx", settings=settings)
    ((options, providers),) = seen
    assert providers == ["CPUExecutionProvider"]
    assert (options.intra_op_num_threads, options.enable_cpu_mem_arena) == (2, False)
    assert options.get_session_config_entry("session.dynamic_block_base") == "4"
    assert options.get_session_config_entry("session.force_spinning_stop") == "1"
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


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


@pytest.mark.parametrize(
    ("content", "count"),
    [("max 100000", 8), ("150000 100000", 2), ("50000 100000", 1), ("rubbish", 8), ("", 8), ("0 0", 8)],
)
def test_a_containers_quota_limits_the_threads(
    tmp_path: Path, content: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpu.max").write_text(content)
    monkeypatch.setattr(machine, "CPU_MAX", tmp_path / "cpu.max")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    assert machine.usable_cpus() == count


def test_quota_of_older_kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "CPU_MAX", tmp_path / "none")
    monkeypatch.setattr(machine, "CFS_QUOTA", tmp_path / "quota")
    monkeypatch.setattr(machine, "CFS_PERIOD", tmp_path / "period")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    assert machine.usable_cpus() == 8
    (tmp_path / "quota").write_text("300000\n")
    (tmp_path / "period").write_text("100000\n")
    assert machine.usable_cpus() == 3
    (tmp_path / "quota").write_text("-1\n")
    assert machine.usable_cpus() == 8
