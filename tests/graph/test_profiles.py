"""Profiles, their overrides, and what this machine says of itself."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import BundleError, GLiNER2, InputError, Schema
from gliner2_lite.architectures.span.config import CONTRACT
from gliner2_lite.errors import InputTypeError
from gliner2_lite.graph import profiles
from gliner2_lite.graph.profiles import PROFILES, make_settings
from gliner2_lite.graph.session import GraphSession, require_runtime, runtime_version


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
