"""Fixtures that several test modules use, and the two promises that CI asks of a run."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# onnxruntime and BLAS would otherwise take every core for models of a few megabytes.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# No test writes into the cache of the person who runs them, or finds something there.
os.environ["GLINER2_LITE_CACHE"] = tempfile.mkdtemp(prefix="gliner2-lite-tests-")


def in_ci() -> bool:
    """Whether a missing resource is a failure rather than a reason to skip."""
    return os.environ.get("CI", "").lower() == "true"


def pytest_sessionstart(session: pytest.Session) -> None:
    """With GLINER2_LITE_INSTALLED=1, refuse to test the checkout instead of the installed package."""
    if os.environ.get("GLINER2_LITE_INSTALLED") != "1":
        return
    import gliner2_lite

    where = Path(gliner2_lite.__file__).resolve()
    if where.is_relative_to(ROOT) and "site-packages" not in where.parts:
        raise pytest.UsageError(f"gliner2_lite was imported from the checkout ({where}), not from a wheel")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """With GLINER2_LITE_NO_SKIPS=1, a run in which anything was skipped has failed."""
    if os.environ.get("GLINER2_LITE_NO_SKIPS") != "1" or exitstatus != pytest.ExitCode.OK:
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter is not None else []
    if skipped:
        names = "\n  ".join(f"{report.nodeid}: {report.longrepr[-1]}" for report in skipped)
        reporter.write_line(f"\nskipped, though this run allows none:\n  {names}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The data directory beside the checkout (``GLINER2_LITE_SHARED`` names another): skip without it.

    In CI its absence is a failure, so that the tests which need it cannot vanish unnoticed.
    """
    path = Path(os.environ.get("GLINER2_LITE_SHARED", ROOT.parent / "shared"))
    if not path.is_dir():
        reason = f"{path} is not there (set GLINER2_LITE_SHARED to the directory with checkpoints/ and data/)"
        if in_ci():
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a few hundred kilobytes with random weights and an fp32 graph; not to be changed."""
    root = tmp_path_factory.mktemp("small") / "bundle"
    with zipfile.ZipFile(ROOT / "tests" / "golden" / "bundles" / "lstm-first-wordpiece.zip") as archive:
        archive.extractall(root)
    return root


@pytest.fixture
def runs() -> Iterator[list[tuple[int, ...]]]:
    """The shapes of the batches that reach the graph."""
    from gliner2_lite.graph.session import SessionEvent, observed  # onnxruntime, which not every test needs

    seen: list[tuple[int, ...]] = []

    def note(event: SessionEvent) -> None:
        if event.what == "run":
            seen.append(event.shape)

    with observed(note):
        yield seen
