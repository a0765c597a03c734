"""Every tab of the demo in a real browser: open, fill, run, read; and that it asks no other host."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from gliner2_lite import GLiNER2

pytest.importorskip("gradio", reason="needs the extra demo")
pytest.importorskip("selenium", reason="needs selenium")

from gliner2_lite.demo.app import serve
from gliner2_lite.errors import InputError
from tests.apps.demo.browser import DemoPage, chromium, free_port, missing

pytestmark = pytest.mark.skipif(missing() is not None, reason=missing() or "")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    number = free_port()
    page = serve(
        GLiNER2.from_pretrained("tiny", threads=1), name="tiny", host="127.0.0.1", port=number, block=False
    )
    yield number
    page.close()


@pytest.fixture(scope="module")
def demo(port: int) -> Iterator[DemoPage]:
    with chromium() as driver:
        page = DemoPage(driver, f"http://127.0.0.1:{port}")
        page.open()
        yield page


def test_entities(demo: DemoPage) -> None:
    demo.choose("entities")
    demo.fill("entities", "text", "Maria Garcia flew from Madrid to Oslo to meet Lars Hansen of Siemens.")
    demo.fill("entities", "schema", "person, city\ncompany: Names of firms, banks and shops")
    found = demo.run("entities")
    marks = [mark.text for mark in found.find_elements("css selector", "mark")]
    assert [mark.replace("\n", "") for mark in marks] == [
        "Maria Garciaperson", "Madridcity", "Oslocity", "Lars Hansenperson", "Siemenscompany",
    ]  # fmt: skip
    assert re.search(r"\d+ ms · 13 words · int8", demo.status("entities"))
    demo.fill("entities", "text", "Siemens.")  # the editor draws only the lines in view: a short result
    demo.run("entities")
    assert list(demo.json("entities")["entities"]) == ["person", "city", "company"]  # type: ignore[call-overload]


def test_classification(demo: DemoPage) -> None:
    demo.choose("classification")
    demo.fill("classification", "text", "Great camera and decent performance.")
    demo.fill(
        "classification", "schema",
        "sentiment: positive, negative, neutral\naspects (several): camera, performance, battery",
    )  # fmt: skip
    found = demo.run("classification")
    lines = [line.strip() for line in found.text.splitlines()]
    assert [line for line in lines if line.startswith("✓")] == ["✓ positive", "✓ camera", "✓ performance"]
    assert sum(line.endswith("%") for line in lines) == 6  # a bar for each label, those that lost too
    result = demo.json("classification")
    assert result["sentiment"]["label"] == "positive"  # type: ignore[index,call-overload]
    assert [item["label"] for item in result["aspects"]] == ["camera", "performance"]  # type: ignore[attr-defined]


def test_structures(demo: DemoPage) -> None:
    demo.choose("structures")
    demo.fill("structures", "text", "The iPhone 15 costs $999 and comes in blue.")
    demo.fill("structures", "schema", "product:\n  name::str\n  price::str\n  color::[blue|black|red]::str")
    found = demo.run("structures")
    cells = [cell.text for cell in found.find_elements("css selector", "td")]
    assert [cell.split(" >")[0] for cell in cells][:2] == ["iPhone 15", "$999"]
    [product] = demo.json("structures")["product"]  # type: ignore[misc]
    assert {name: value["text"] for name, value in product.items()} == {  # type: ignore[has-type]
        "name": "iPhone 15", "price": "$999", "color": "blue",
    }  # fmt: skip


def test_whole_schema(demo: DemoPage) -> None:
    demo.choose("whole")
    demo.fill("whole", "text", "Tim Cook works for Apple and lives in Cupertino.")
    demo.fill("whole", "schema", '{"entities": ["person"], "relations": ["works_for"], '
              '"classifications": [{"task": "tone", "labels": ["neutral", "angry"]}]}')  # fmt: skip
    found = demo.run("whole")
    assert "⟶" in found.text
    result = demo.json("whole")
    assert list(result) == ["entities", "tone", "relation_extraction"]
    assert "ms" in demo.status("whole")


@pytest.mark.parametrize(
    ("tab", "schema", "words"),
    [
        ("entities", " ", "Labels: there are none yet"),
        ("classification", "mood good bad", "Tasks, line 1: there is no colon"),
        ("structures", "name::str", "a field without a structure"),
        ("whole", '{"entities": ["person"', "Schema: not valid JSON at line 1"),
    ],
)
def test_mistakes_are_told_in_words(demo: DemoPage, tab: str, schema: str, words: str) -> None:
    demo.choose(tab)
    demo.fill(tab, "schema", schema)
    found = demo.run(tab)
    assert words in found.find_element("css selector", "[role=alert]").text
    assert "Traceback" not in demo.driver.page_source


def test_markup_in_a_text_stays_text(demo: DemoPage) -> None:
    demo.choose("entities")
    demo.fill(
        "entities", "text", "<script>window.broken = 1</script><img src=x onerror='window.broken=1'> Oslo"
    )
    demo.fill("entities", "schema", "city, <b>bold</b>")
    found = demo.run("entities")
    assert "<script>window.broken = 1</script>" in found.text and "<b>bold</b>" in found.text
    assert found.find_elements("css selector", "img, script, b") == []
    assert demo.driver.execute_script("return window.broken === undefined")


def test_no_other_host_is_asked(port: int) -> None:
    with chromium() as driver:
        page = DemoPage(driver, f"http://127.0.0.1:{port}")
        page.open()
        page.choose("whole")
        page.run("whole")
        assert page.hosts_asked() == {"127.0.0.1"}


def test_a_port_in_use_is_named(port: int, demo: DemoPage) -> None:
    model = GLiNER2.from_pretrained("tiny", threads=1)
    with pytest.raises(InputError, match=f"cannot serve on 127.0.0.1:{port}: .*--port"):
        serve(model, name="tiny", host="127.0.0.1", port=port, block=False)
