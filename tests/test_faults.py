"""Full disks, lost files, kills and want of memory: an error or the right answer, and the next start works.

Each fault happens to a process of its own. ``GLINER2_LITE_KILLS=50`` kills that many compilations.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from gliner2_lite import BundleError, BundleNotFoundError, GLiNER2, cli
from gliner2_lite.bundle.manifest import read_bundle
from gliner2_lite.load import loading
from gliner2_lite.load.compiled import DATA_NAME, GRAPH_NAME, STORE_NAME
from gliner2_lite.load.loading import compile_bundle
from tests.hub.processes import PLAIN_USER, environment
from tests.hub_server import serve

KILLS = int(os.environ.get("GLINER2_LITE_KILLS", "5"))
TEXT = "Ann Smith of Siemens met Bob in Oslo on Monday."
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="limits and /proc as Linux has them")
# What every program below begins with: answers, and a limit on the process's own resources.
HEAD = f"""
import os, resource, sys
import gliner2_lite.load.loading
from gliner2_lite import GLiNER2, GLiNER2LiteError, Schema, cli
gliner2_lite.load.loading.COMPILE_FROM_BYTES = 0
def ask(model):
    return model.extract_entities({TEXT!r}, ["person", "city"], threshold=0.1, include_confidence=True)
def limit(kind, value):
    resource.setrlimit(kind, (value, resource.getrlimit(kind)[1]))
def memory():
    return int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
"""


def ask(model: GLiNER2) -> object:
    return model.extract_entities(TEXT, ["person", "city"], threshold=0.1, include_confidence=True)


def program(body: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", HEAD + textwrap.dedent(body), *map(str, arguments)]


def run(body: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(program(body, *arguments), capture_output=True, text=True, timeout=300)


@pytest.fixture
def root(small_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_bundle, tmp_path / "bundle"))


@pytest.fixture
def expected(small_bundle: Path) -> str:
    return repr(ask(GLiNER2.from_pretrained(small_bundle, prepack="never")))


@LINUX
@pytest.mark.parametrize("room", [0, 1000, 100_000])
def test_a_disk_that_fills_while_compiling(root: Path, tmp_path: Path, expected: str, room: int) -> None:
    """A write fails as on a full disk: the load goes on with the portable graph, the command is an error."""
    done = run(
        """
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write then fails, as it does on a full disk
        limit(resource.RLIMIT_FSIZE, int(sys.argv[3]))
        print(ask(GLiNER2.from_pretrained(sys.argv[1], cache=sys.argv[2])))
        print(cli.main(["compile", sys.argv[1], "--output", sys.argv[2]]))
        """,
        root, tmp_path / "cache", room,
    )  # fmt: skip
    assert done.stdout.splitlines() == [expected, "1"], done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "cache").iterdir()) == [], "nothing half-written stays"
    assert repr(ask(GLiNER2.from_pretrained(root, cache=tmp_path / "cache"))) == expected


@LINUX
def test_a_machine_where_nothing_may_be_written(root: Path, tmp_path: Path, expected: str) -> None:
    """Bundle, cache, home and working directory are read-only: loading and calling need none of them."""
    locked = tmp_path / "locked"
    locked.mkdir()
    for path in [*root.rglob("*"), root, locked]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    command = program(
        """
        root, locked = sys.argv[1:]
        os.chdir(locked)
        os.environ["HOME"] = locked
        for place in (root, locked):
            try:
                open(os.path.join(place, "probe"), "w")
            except OSError:
                continue
            sys.exit(f"{place} can be written")
        cache = os.path.join(locked, "cache")
        print(ask(GLiNER2.from_pretrained(root, cache=cache)))
        print(cli.main(["compile", root, "--output", cache]))
        """,
        root, locked,
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", PLAIN_USER, *command[1:]], capture_output=True, text=True, timeout=300
    )
    for path in [root, *root.rglob("*"), locked]:
        path.chmod(0o755)
    assert done.stdout.splitlines() == [expected, "1"], done.stderr
    assert "cannot be written" in done.stderr and "--output" in done.stderr


@LINUX
def test_a_bundle_that_may_not_be_read(root: Path) -> None:
    """Whichever right is missing, the error names the path; the command line prints it as one line."""
    graph, home = root / "onnx" / "model.onnx", root.parent
    cases = {home: root, root: root / "gliner2_lite.json", root / "gliner2_lite.json": None,
             root / "onnx": graph, graph: None}  # fmt: skip
    command = program(
        """
        import contextlib
        os.chdir(os.path.dirname(sys.argv[1]))
        for place in sys.argv[2:]:
            mode = os.stat(place).st_mode & 0o777
            os.chmod(place, 0)
            for verify in ("size", "hash"):
                try:
                    ask(GLiNER2.from_pretrained(sys.argv[1], verify=verify))
                except GLiNER2LiteError as error:
                    print(type(error).__name__, error)
            for command in (["extract", "--entities", "a", "--model"], ["info"], ["compile"]):
                with contextlib.redirect_stdout(sys.stderr):
                    code = cli.main([*command, sys.argv[1]])
                print(command[0], code, file=sys.stderr)
            os.chmod(place, mode)
        os.chmod(".", 0)  # no name can be looked up here, and that of an embedded model needs no look
        print(ask(GLiNER2.from_pretrained("tiny")) != {})
        """,
        root, *cases,
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", PLAIN_USER, *command[1:]], capture_output=True, text=True, timeout=300,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    for path in cases:
        path.chmod(0o755)
    *told, last = done.stdout.splitlines()
    assert last == "True", done.stderr
    for index, (place, named) in enumerate(cases.items()):
        for line in told[2 * index : 2 * index + 2]:
            assert line.startswith("BundleError "), line
            assert str(named or place) in line
            assert "Permission denied" in line or "system error number 13" in line  # as onnxruntime says it
    told = [line for line in done.stderr.splitlines() if line.startswith("gliner2-lite: error: ")]
    codes = [line[-2:] for line in done.stderr.splitlines() if line[:-2] in ("extract", "info", "compile")]
    # The manifest is all that ``info`` reads.
    assert codes == [" 1"] * 13 + [" 0", " 1"] and len(told) == 14 and "Traceback" not in done.stderr


def test_a_cache_deleted_under_a_running_model(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is mapped stays; the next load makes the graph again."""
    monkeypatch.setattr(loading, "COMPILE_FROM_BYTES", 0)
    cache = tmp_path / "cache"
    model = GLiNER2.from_pretrained(root, cache=cache)
    [entry] = cache.iterdir()
    shutil.rmtree(cache)
    before = ask(model)
    assert before == ask(GLiNER2.from_pretrained(root, prepack="never"))
    assert ask(GLiNER2.from_pretrained(root, cache=cache)) == before
    assert (entry / GRAPH_NAME).is_file()


def test_a_bundle_deleted_under_a_running_model(root: Path) -> None:
    """The graph, the vocabulary and whatever was read are held; heads that were not are a clear error."""
    model = GLiNER2.from_pretrained(root, prepack="never")
    before = ask(model)
    shutil.rmtree(root)
    assert ask(model) == before
    with pytest.raises(BundleNotFoundError, match="is not a directory|neither an existing directory"):
        GLiNER2.from_pretrained(root)


def test_a_file_deleted_between_two_loads(root: Path) -> None:
    compile_bundle(read_bundle(root), None, root / STORE_NAME)
    before = ask(GLiNER2.from_pretrained(root, prepack="require"))
    for name in (DATA_NAME, GRAPH_NAME):
        [entry] = (root / STORE_NAME).iterdir()
        (entry / name).unlink()
        assert ask(GLiNER2.from_pretrained(root)) == before, "the portable graph"
        with pytest.raises(BundleError, match="no compiled"):
            GLiNER2.from_pretrained(root, prepack="require")
        compile_bundle(read_bundle(root), None, root / STORE_NAME)
    (root / "onnx" / "model.onnx").unlink()
    with pytest.raises(BundleNotFoundError, match="model.onnx is missing though the manifest names it"):
        GLiNER2.from_pretrained(root)


@pytest.mark.skipif(os.name != "posix", reason="the system has no SIGKILL")
def test_killed_at_any_point_while_compiling(root: Path, tmp_path: Path, expected: str) -> None:
    """The next start answers, never from a half-made graph; a repeat of the compilation is complete."""
    cache, source = tmp_path / "cache", random.Random(7)
    body = "print('begin', flush=True)\nask(GLiNER2.from_pretrained(sys.argv[1], cache=sys.argv[2]))"
    begin = time.monotonic()
    for _ in range(2):  # the second knows the time without what the system does only once
        begin = time.monotonic()
        run(body, root, cache)
        whole = time.monotonic() - begin
        shutil.rmtree(cache)
    killed = 0
    for _ in range(KILLS):
        with subprocess.Popen(program(body, root, cache), stdout=subprocess.PIPE) as process:
            assert process.stdout and process.stdout.readline() == b"begin\n"
            time.sleep(source.uniform(0, whole))
            killed += process.poll() is None
            process.kill()
        finished = [path for path in cache.glob("*") if not path.name.startswith(".")]
        # Each way that a start may go from here: what lies there is used, or the portable graph is.
        assert repr(ask(GLiNER2.from_pretrained(root, cache=cache))) == expected
        if finished:
            again = GLiNER2.from_pretrained(root, cache=cache, prepack="require", verify="hash")
            assert repr(ask(again)) == expected
        for path in cache.glob("*"):
            shutil.rmtree(path)
    assert killed > 0
    assert cli.main(["compile", str(root), "--output", str(cache)]) == 0
    assert repr(ask(GLiNER2.from_pretrained(root, cache=cache, prepack="require", verify="hash"))) == expected


def test_killed_while_downloading(root: Path, tmp_path: Path, expected: str) -> None:
    """In the middle of every file: offline nothing half is used, and the next download answers."""
    body = """
        try:
            print(ask(GLiNER2.from_pretrained("org/small", cache_dir=sys.argv[1])))
        except GLiNER2LiteError as error:
            print(type(error).__name__)
    """
    cache = tmp_path / "hub"
    with serve({"org/small": root}) as hub:
        online = environment(hub.endpoint, cache)
        offline = environment(hub.endpoint, cache, HF_HUB_OFFLINE="1")
        needed = read_bundle(root)
        for name in ("gliner2_lite.json", *needed.needed_files(needed.choose(None))):
            hub.pause = {Path(name).name: 1000}
            hub.paused.clear()
            with subprocess.Popen(program(body, cache), env=online, stdout=subprocess.PIPE) as process:
                assert hub.paused.wait(60), f"{name} was not asked for"
                process.kill()
                assert process.communicate()[0] == b""
            done = subprocess.run(
                program(body, cache), env=offline, capture_output=True, text=True, timeout=300
            )
            assert done.stdout == "HubError\n", (name, done.stdout, done.stderr)
        hub.pause = {}
        done = subprocess.run(program(body, cache), env=online, capture_output=True, text=True, timeout=300)
        assert done.stdout == f"{expected}\n", done.stderr


@LINUX
def test_too_little_memory_to_load() -> None:
    """An error of this package or MemoryError at every limit, until there is enough: then the answer."""
    done = run(
        """
        import faulthandler, onnxruntime, tokenizers  # code is not what runs out
        faulthandler.enable()
        right = str(ask(GLiNER2.from_pretrained("tiny", threads=1)))
        for step in range(0, 160, 8):
            child = os.fork()  # nothing of this is shared but code: the model is loaded after the fork
            if not child:
                limit(resource.RLIMIT_AS, memory() + (step << 20))
                try:
                    answer = str(ask(GLiNER2.from_pretrained("tiny", threads=1)))
                    code = 0 if answer == right else 1
                except (GLiNER2LiteError, MemoryError):
                    code = 2
                os._exit(code)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), end=" ")
        """
    )
    codes = [int(code) for code in done.stdout.split()]
    assert len(codes) == 20, done.stderr
    # Neither a wrong answer, nor another exception, nor a crash.
    assert set(codes) == {0, 2}, f"{codes}\n{done.stderr}"
    assert codes[0] == 2 and codes[-1] == 0


@LINUX
def test_too_little_memory_for_a_call() -> None:
    """The call is an error and the model goes on: with memory again, it answers as before."""
    done = run(
        """
        # What the first call took is given back, so that the next ones have to ask for it.
        model = GLiNER2.from_pretrained("tiny", threads=1, profile="edge")
        texts, schema = ["Ann met Bob in Oslo. " * 50] * 4, Schema().entities(["person", "city"])
        many = lambda: model.batch_extract(texts, schema, batch_tokens=100_000)
        right, small = str(many()), ask(model)
        for step in (0, 1, 4, 16, 32, 64, 128, 1024):
            limit(resource.RLIMIT_AS, memory() + (step << 20))
            try:
                print("right" if str(many()) == right else "WRONG")
            except (GLiNER2LiteError, MemoryError) as error:
                print(type(error).__name__)
            limit(resource.RLIMIT_AS, resource.getrlimit(resource.RLIMIT_AS)[1])
            if ask(model) != small:
                print("WRONG after")
        """
    )
    ended = done.stdout.split()
    assert len(ended) == 8, (done.stdout, done.stderr[-2000:])
    assert set(ended) <= {"right", "RunError", "MemoryError"}, ended
    assert ended[0] != "right" and ended[-1] == "right"
