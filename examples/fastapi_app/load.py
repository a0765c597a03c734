"""Load for the server: so many requests over so many connections, and whether every answer is the right one.

python examples/fastapi_app/load.py --url http://127.0.0.1:8000 --requests 400 --connections 8
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time

import httpx

from gliner2_lite import GLiNER2, Schema

SCHEMA = {
    "entities": ["person", "company", "city"],
    "classifications": [{"task": "sentiment", "labels": ["positive", "negative", "neutral"]}],
}
NAMES = ("Tim Cook", "Satya Nadella", "Alice Brown", "Lars Olsen")
PLACES = ("Oslo", "Madrid", "Austin", "Cupertino", "Paris")
SENTENCES = [
    f"{name} works for Siemens in {place}. The office there opened last year and everybody is happy with it."
    for name in NAMES
    for place in PLACES
]


async def main(url: str, requests: int, connections: int, model: str) -> int:
    """Send the requests and print the figures as JSON; 1 when an answer differs from a direct call's."""
    direct = GLiNER2.from_pretrained(model, threads=1)
    expected = {text: direct.extract(text, Schema.from_dict(SCHEMA)) for text in SENTENCES}
    queue = iter([SENTENCES[index % len(SENTENCES)] for index in range(requests)])
    seconds: list[float] = []
    statuses: dict[int, int] = {}
    differing = 0

    async def connection(client: httpx.AsyncClient) -> None:
        nonlocal differing
        for text in queue:
            begin = time.perf_counter()
            response = await client.post("/extract", json={"text": text, "schema": SCHEMA})
            statuses[response.status_code] = statuses.get(response.status_code, 0) + 1
            if response.status_code == 200:
                seconds.append(time.perf_counter() - begin)
                differing += response.json()["result"] != expected[text]

    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        begin = time.perf_counter()
        await asyncio.gather(*(connection(client) for _ in range(connections)))
        total = time.perf_counter() - begin
    cuts = statistics.quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else seconds * 99
    figures = {
        "requests": requests, "connections": connections, "statuses": statuses, "differing": differing,
        "p50_ms": round(cuts[49] * 1000, 1), "p95_ms": round(cuts[94] * 1000, 1),
        "per_second": round(len(seconds) / total, 1),
    }  # fmt: skip
    print(json.dumps(figures))
    return int(differing > 0 or not seconds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--model", default="tiny", help="the bundle that the server serves")
    options = parser.parse_args()
    sys.exit(asyncio.run(main(options.url, options.requests, options.connections, options.model)))
