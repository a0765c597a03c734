"""The FastAPI server under uvicorn, from another process: load, limits, health, metrics, shutdown."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import httpx
import pytest

from gliner2_lite import GLiNER2

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "examples" / "fastapi_app"
SCHEMA = {"entities": ["person", "city"]}
QUESTION = {"text": "Lars Olsen moved to Oslo.", "schema": SCHEMA, "include_spans": True}


class Server:
    """uvicorn in a process of its own, on a port that the system chose."""

    def __init__(self, log: Path, *arguments: str, waits: bool = True, **settings: str) -> None:
        environment = {**os.environ, **{f"GLINER2_LITE_{k.upper()}": v for k, v in settings.items()}}
        self.log = log
        with log.open("w") as output:
            self.process = subprocess.Popen(
                [
                    sys.executable, "-m", "uvicorn", "--app-dir", str(FOLDER), "--factory", "app:create_app",
                    "--port", "0", "--no-access-log", "--no-use-colors", *arguments,
                ],
                env=environment, stdout=output, stderr=subprocess.STDOUT, cwd=log.parent,
            )  # fmt: skip
        if waits:
            self.wait()

    def wait(self) -> None:
        """Until it listens."""
        self.url = f"http://127.0.0.1:{self._port()}"
        self.client = httpx.Client(base_url=self.url, timeout=120)

    def _port(self) -> int:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            for line in self.log.read_text().splitlines():
                if "running on http://127.0.0.1:" in line:
                    return int(line.split("127.0.0.1:")[1].split()[0])
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=120)

    def takes_connections(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", int(self.url.rpartition(":")[2])), timeout=60).close()
        except ConnectionError:
            return False
        return True


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server") / "log", threads="1", max_bytes="20000")
    yield running
    running.stop()


def test_answers_are_the_models(server: Server, tiny: GLiNER2) -> None:
    expected = tiny.extract_entities(QUESTION["text"], SCHEMA["entities"], include_spans=True)
    response = server.client.post("/extract", json=QUESTION)
    assert (response.status_code, response.json()) == (200, {"result": expected})
    batch = {"texts": [QUESTION["text"]] * 3, "schema": SCHEMA, "include_spans": True}
    assert server.client.post("/extract_batch", json=batch).json() == {"results": [expected] * 3}


def test_load_from_another_process_gives_the_same_answers(server: Server) -> None:
    done = subprocess.run(
        [
            sys.executable, str(FOLDER / "load.py"), "--url", server.url, "--requests", "60",
            "--connections", "6",
        ],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert figures["statuses"] == {"200": 60}
    assert figures["differing"] == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": 5}, "body.text"),
        ({"threshold": 2}, "body.threshold"),
        ({"include_spans": "yes"}, "body.include_spans"),
        ({"treshold": 0.5}, "body.treshold"),
        ({"schema": {"entitis": ["person"]}}, "entitis"),
        ({"schema": {"entities": []}}, "entities"),
    ],
)
def test_mistakes_are_422_and_named(server: Server, change: dict[str, object], message: str) -> None:
    response = server.client.post("/extract", json={**QUESTION, **change})
    assert response.status_code == 422
    assert message in response.json()["error"]


def test_large_body_is_refused_announced_or_not(server: Server) -> None:
    body = json.dumps({**QUESTION, "text": "a" * 30_000}).encode()
    announced = server.client.post("/extract", content=body)
    streamed = server.client.post("/extract", content=iter([body[:100], body[100:]]))
    for response in (announced, streamed):
        assert (response.status_code, response.json()) == (
            413,
            {"error": "the body has more than 20000 bytes"},
        )


def test_health_metrics_and_description(server: Server) -> None:
    assert server.client.get("/healthz").json() == {"status": "ok"}
    assert server.client.get("/readyz").json() == {"status": "ready", "model": "tiny", "variant": "int8"}
    server.client.post("/extract", json=QUESTION)
    lines = server.client.get("/metrics").text.splitlines()
    values = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if line[0] != "#"}
    assert values['gliner2_requests_total{path="/extract",status="200"}'] >= 1
    assert values["gliner2_texts_total"] >= 1
    assert values["gliner2_requests_taken"] == 0
    assert set(server.client.get("/openapi.json").json()["paths"]) >= {"/extract", "/extract_batch"}


SLOW = {"texts": [QUESTION["text"] * 160] * 8, "schema": SCHEMA}


def ask_slowly(server: Server, pool: ThreadPoolExecutor, number: int) -> list[Future[httpx.Response]]:
    """So many slow requests, all of which the server has taken."""
    answers: list[Future[httpx.Response]] = []
    for taken in range(1, number + 1):
        answers.append(pool.submit(httpx.post, f"{server.url}/extract_batch", json=SLOW, timeout=300))
        while f"gliner2_requests_taken {taken}.0" not in server.client.get("/metrics").text:
            assert not any(answer.done() for answer in answers), "ended before the others came"
    return answers


def test_more_than_may_wait_is_refused(tmp_path: Path) -> None:
    server = Server(tmp_path / "log", threads="1", running="1", waiting="1")
    with ThreadPoolExecutor(2) as pool:
        answers = ask_slowly(server, pool, 2)  # one runs, one waits
        refused = server.client.post("/extract", json=QUESTION)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        assert "2 requests run or wait" in refused.json()["error"]
        assert [len(answer.result().json()["results"]) for answer in answers] == [8, 8]
    server.stop()


def test_sigterm_answers_what_has_begun_and_takes_nothing_new(tmp_path: Path) -> None:
    """What runs and what waits is answered; a connection that idles, and a second signal, change nothing."""
    server = Server(tmp_path / "log", threads="1", running="1", waiting="2")
    with ThreadPoolExecutor(3) as pool:
        answers = ask_slowly(server, pool, 3)
        assert server.takes_connections()
        for _ in range(2):
            server.process.send_signal(signal.SIGTERM)
        while server.takes_connections():
            assert not all(answer.done() for answer in answers)
        assert not all(answer.done() for answer in answers), "refused while answers are still made"
        with pytest.raises(httpx.TransportError):
            server.client.post("/extract", json=QUESTION)  # on the connection that was kept
        for answer in answers:
            assert (answer.result().status_code, len(answer.result().json()["results"])) == (200, 8)
    # uvicorn ends by the signal it was sent, after all is done.
    assert server.process.wait(timeout=120) == -signal.SIGTERM
    assert "Application shutdown complete" in server.log.read_text()


def test_sigterm_does_not_wait_for_a_client_that_never_ends_its_request(tmp_path: Path) -> None:
    server = Server(tmp_path / "log", "--timeout-graceful-shutdown", "1", threads="1")
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as half:
        half.sendall(b"POST /extract HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\n{")
        server.client.get("/healthz")  # the server has read the other by now, or will before it ends
        assert server.stop() == -signal.SIGTERM
    assert "Application shutdown complete" in server.log.read_text()


@pytest.mark.parametrize("seconds", [0.2, 1, 2])
def test_sigterm_while_the_server_starts(seconds: float, tmp_path: Path) -> None:
    server = Server(tmp_path / "log", threads="1", waits=False)
    time.sleep(seconds)
    assert server.stop() == -signal.SIGTERM


def test_place_is_kept_until_the_work_has_ended(example: Callable[[str, str], ModuleType]) -> None:
    gate_module = example("fastapi_app", "gate")
    gate = gate_module.Gate(running=1, waiting=0)
    release = threading.Event()

    async def scenario() -> None:
        first = asyncio.create_task(gate.run(release.wait))
        await asyncio.sleep(0)
        first.cancel()  # the client went away; the call still runs
        with pytest.raises(asyncio.CancelledError):
            await first
        with pytest.raises(gate_module.BusyError):
            await gate.run(lambda: None)
        release.set()
        while gate.taken:
            await asyncio.sleep(0.01)
        assert await gate.run(lambda: "next") == "next"

    asyncio.run(asyncio.wait_for(scenario(), timeout=60))
    gate.close()
