"""HTML read back: its tags, and what a person sees."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from gliner2_lite.display import show

TEXT = "Tim Cook works for Apple."
TIM = {"text": "Tim Cook", "start": 0, "end": 8}
APPLE = {"text": "Apple", "confidence": 0.8, "start": 19, "end": 24}


class Reader(HTMLParser):
    """The tags and the visible text of a piece of HTML; nesting that does not pair is an error."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def html(text: str, result: dict[str, Any]) -> Reader:
    return Reader(show(text, result)._repr_html_())
