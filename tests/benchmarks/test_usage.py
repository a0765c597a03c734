"""Memory of a process, as the kernel tells it."""

from __future__ import annotations

import pytest

from benchmarks.usage import parse_usage

ROLLUP = """55c7b4afd000-7ffecb71e000 ---p 00000000 00:00 0                          [rollup]
Rss:                3000 kB
Pss:                1500 kB
Shared_Clean:       1500 kB
Private_Clean:       400 kB
Private_Dirty:      1100 kB
Anonymous:          1000 kB
"""


def test_usage_is_read_from_the_rollup() -> None:
    usage = parse_usage(ROLLUP)
    assert usage == pytest.approx(
        {"rss_mb": 3.072, "anonymous_mb": 1.024, "pss_mb": 1.536, "own_mb": 1.536, "file_mb": 2.048}
    )
