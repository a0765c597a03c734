"""The Lambda handler: called with the events of each door, and run by AWS's own runtime client."""

from __future__ import annotations

import base64
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gliner2_lite import GLiNER2, InputError, Schema

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = "Lars Olsen moved to Oslo."
SCHEMA = {"entities": ["person", "city"]}
REQUEST = {"text": TEXT, "schema": SCHEMA, "include_spans": True}


@pytest.fixture
def handler(example: Callable[[str, str], ModuleType]) -> ModuleType:
    return example("aws_lambda", "handler")


@pytest.fixture(scope="module")
def expected(tiny: GLiNER2) -> dict[str, Any]:
    return tiny.extract(TEXT, Schema.from_dict(SCHEMA), include_spans=True)


def http_v2(body: str, *, method: str = "POST", encoded: bool = False) -> dict[str, Any]:
    """API Gateway's HTTP API (payload 2.0), and a function URL."""
    return {
        "version": "2.0", "routeKey": "POST /extract", "rawPath": "/extract", "rawQueryString": "",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": method, "path": "/extract", "protocol": "HTTP/1.1"}},
        "body": base64.b64encode(body.encode()).decode() if encoded else body, "isBase64Encoded": encoded,
    }  # fmt: skip


def http_v1(body: str) -> dict[str, Any]:
    """API Gateway's REST API (payload 1.0)."""
    return {
        "resource": "/extract", "path": "/extract", "httpMethod": "POST",
        "headers": {"Content-Type": "application/json"}, "requestContext": {"stage": "prod"},
        "body": body, "isBase64Encoded": False,
    }  # fmt: skip


def load_balancer(body: str) -> dict[str, Any]:
    """An Application Load Balancer with a Lambda target."""
    target = "arn:aws:elasticloadbalancing:local:0:targetgroup/extract/0"
    return {
        "requestContext": {"elb": {"targetGroupArn": target}},
        "httpMethod": "POST", "path": "/extract", "queryStringParameters": {},
        "headers": {"content-type": "application/json"}, "body": body, "isBase64Encoded": False,
    }  # fmt: skip


def test_every_door_gives_the_models_answer(handler: ModuleType, expected: dict[str, Any]) -> None:
    body = json.dumps(REQUEST)
    for event in (http_v2(body), http_v2(body, encoded=True), http_v1(body), load_balancer(body)):
        response = handler.handler(event, None)
        # A load balancer asks for the last of these as well.
        assert (response["statusCode"], response["isBase64Encoded"]) == (200, False)
        assert json.loads(response["body"]) == {"result": expected}
    assert handler.handler(REQUEST, None) == {"result": expected}
    several = {"texts": [TEXT, TEXT], "schema": SCHEMA, "include_spans": True}
    assert handler.handler(several, None) == {"results": [expected, expected]}
    assert expected["entities"]["city"] == [{"text": "Oslo", "start": 20, "end": 24}]


@pytest.mark.parametrize(
    ("event", "status", "message"),
    [
        (http_v2("{", method="POST"), 400, "not JSON"),
        (http_v2("[" * 100_000), 400, "not JSON"),
        ({**http_v2(""), "body": "%%", "isBase64Encoded": True}, 400, "not UTF-8"),
        (http_v2("", method="GET"), 405, "POST"),
        (http_v2("[1]"), 422, "must be an object"),
        (http_v2(json.dumps({"text": TEXT})), 422, "schema"),
        (http_v2(json.dumps({"schema": SCHEMA})), 422, '"text" or "texts"'),
        (http_v2(json.dumps({**REQUEST, "treshold": 1})), 422, "treshold"),
        (http_v2(json.dumps({**REQUEST, "threshold": 50})), 422, "threshold"),
        (http_v2(json.dumps({**REQUEST, "include_spans": "yes"})), 422, "include_spans"),
        (http_v2(json.dumps({**REQUEST, "schema": {"entitis": []}})), 422, "entitis"),
        (http_v2(json.dumps({**REQUEST, "text": 5})), 422, "string"),
        (http_v2(json.dumps({"texts": ["a"] * 65, "schema": SCHEMA})), 413, "65 texts"),
        (http_v2(json.dumps({**REQUEST, "text": "a" * 200_001})), 413, "characters"),
    ],
)
def test_mistakes_over_http_are_4xx(
    handler: ModuleType, event: dict[str, Any], status: int, message: str
) -> None:
    response = handler.handler(event, None)
    assert response["statusCode"] == status
    assert message in json.loads(response["body"])["error"]


def test_dense_texts_are_read_to_their_end(handler: ModuleType) -> None:
    """Three hundred words that are a thousand tokens and more; the model takes 512."""
    text = "8f3a-77c1-e09b-41d2 " * 300 + TEXT
    answer = handler.handler({"text": text, "schema": SCHEMA}, None)
    assert answer["result"]["entities"]["city"][-1:] == ["Oslo"]


def test_mistakes_of_a_direct_invocation_fail_it(handler: ModuleType) -> None:
    with pytest.raises(InputError, match="schema"):
        handler.handler({"text": TEXT}, None)


def test_schema_of_the_function(
    example: Callable[[str, str], ModuleType], monkeypatch: pytest.MonkeyPatch, tiny: GLiNER2
) -> None:
    monkeypatch.setenv("GLINER2_LITE_SCHEMA", json.dumps(SCHEMA))
    module = example("aws_lambda", "handler")
    assert module.handler({"text": TEXT}, None) == {"result": tiny.extract_entities(TEXT, SCHEMA["entities"])}


class RuntimeApi:
    """Lambda's Runtime API on loopback: hands out events, takes answers and errors."""

    def __init__(self) -> None:
        self.events: queue.Queue[tuple[str, str]] = queue.Queue()
        self.answers: queue.Queue[tuple[str, Any]] = queue.Queue()
        api = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                request_id, event = api.events.get()
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", request_id)
                self.send_header("Lambda-Runtime-Deadline-Ms", "9999999999999")
                self.send_header("Lambda-Runtime-Trace-Id", "Root=1-0-0;Sampled=0")
                self.send_header("Lambda-Runtime-Client-Context", "{}")
                self.send_header("Lambda-Runtime-Cognito-Identity", "{}")
                self.send_header("Lambda-Runtime-Aws-Tenant-Id", "")
                self.send_header("Lambda-Runtime-Invocation-Id", request_id)
                self.send_header("Content-Type", "application/json")
                self.send_header(
                    "Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:local:0:function:test"
                )
                self.send_header("Content-Length", str(len(event.encode())))
                self.end_headers()
                self.wfile.write(event.encode())

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                api.answers.put((self.path.rsplit("/", 1)[-1], body))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def ask(self, number: int, event: dict[str, Any]) -> tuple[str, Any]:
        self.events.put((f"request-{number}", json.dumps(event)))
        return self.answers.get(timeout=120)


@pytest.fixture
def runtime() -> Iterator[RuntimeApi]:
    api = RuntimeApi()
    environment = {
        **os.environ,
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server.server_port}",
        "LAMBDA_TASK_ROOT": str(ROOT / "examples" / "aws_lambda"),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "awslambdaric", "handler.handler"],
        cwd=ROOT / "examples" / "aws_lambda", env=environment,
    )  # fmt: skip
    yield api
    process.kill()
    process.wait()
    api.server.shutdown()


def test_under_the_runtime_client(runtime: RuntimeApi, expected: dict[str, Any]) -> None:
    kind, answer = runtime.ask(1, http_v2(json.dumps(REQUEST)))
    assert (kind, json.loads(answer["body"])) == ("response", {"result": expected})
    kind, answer = runtime.ask(2, {"text": TEXT})
    assert (kind, answer["errorType"]) == ("error", "InputError")
    assert "schema" in answer["errorMessage"]
    assert runtime.ask(3, REQUEST) == ("response", {"result": expected})  # still alive
