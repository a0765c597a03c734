"""The middleware adds its headers to every response, and to nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

from gliner2_lite.demo.local_only import HEADERS, POLICY, LocalOnly


def sent(scope: str, messages: list[dict[str, Any]]) -> list[Any]:
    """What arrives of ``messages`` that an application sends."""
    arrived: list[Any] = []

    async def application(_: object, __: object, send: Any) -> None:
        for message in messages:
            await send(message)

    async def receive() -> dict[str, Any]:
        return {}

    async def send(message: Any) -> None:
        arrived.append(message)

    asyncio.run(LocalOnly(application)({"type": scope}, receive, send))
    return arrived


def test_responses_get_the_headers_beside_their_own() -> None:
    start = {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]}
    body = {"type": "http.response.body", "body": b"x"}
    first, second = sent("http", [start, body])
    assert first == {**start, "headers": [(b"a", b"b"), *HEADERS]} and second == body
    assert start["headers"] == [(b"a", b"b")]  # the application's stays
    [bare] = sent("http", [{"type": "http.response.start", "status": 404}])
    assert bare["headers"] == HEADERS


def test_other_protocols_pass() -> None:
    message = {"type": "http.response.start", "headers": []}
    assert sent("websocket", [message]) == [message]


def test_the_policy_lets_the_page_ask_its_own_server_only() -> None:
    rules = dict(rule.strip().split(" ", 1) for rule in POLICY.split(";"))
    assert set(rules["connect-src"].split()) == {"'self'", "data:", "blob:"}
    assert rules["object-src"] == "'none'"
    assert not any("http" in rule or "*" in rule for rule in rules.values())
