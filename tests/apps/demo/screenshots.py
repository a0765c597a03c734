"""``python -m tests.apps.demo.screenshots``: the pictures of docs/images, with results of the embedded model.

Needs the extra demo, selenium and Pillow, and Debian's chromium and chromium-driver.
"""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from selenium import webdriver

from gliner2_lite import GLiNER2
from gliner2_lite.demo.app import serve
from gliner2_lite.display import show
from tests.apps.demo.browser import TITLES, DemoPage, chromium, free_port

IMAGES = Path(__file__).resolve().parents[3] / "docs" / "images"
TEXT = "Apple CEO Tim Cook announced the wonderful iPhone 15 for $999."


def main() -> None:
    """Make every picture and say how large it is."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    model, port = GLiNER2.from_pretrained("tiny"), free_port()
    page = serve(model, name="tiny", host="127.0.0.1", port=port, block=False)
    try:
        with chromium() as driver:
            demo = DemoPage(driver, f"http://127.0.0.1:{port}")
            demo.open()
            for name in TITLES:
                demo.choose(name)
                demo.run(name)
                demo.status(name)
                driver.execute_script("document.activeElement.blur(); window.scrollTo(0, 0)")
                _save(driver, IMAGES / f"demo-{name}.png", height=960 if name == "whole" else 860)
            _display(driver, model)
    finally:
        page.close()


def _display(driver: webdriver.Chrome, model: GLiNER2) -> None:
    """What a notebook shows, on a light and on a dark page."""
    schema = (
        model.create_schema()
        .entities(["person", "company"])
        .classification("sentiment", ["positive", "negative", "neutral"])
        .relations(["works_for"])
        .structure("product").field("name", dtype="str").field("price", dtype="str")
    )  # fmt: skip
    html = show(TEXT, model.extract(TEXT, schema, include_confidence=True, include_spans=True))._repr_html_()
    halves = "".join(
        f'<div style="padding:24px;background:{back};color:{front}">{html}</div>'
        for back, front in (("#fff", "#1f2937"), ("#111827", "#e5e7eb"))
    )
    with TemporaryDirectory() as folder:
        file = Path(folder) / "show.html"
        file.write_text(
            f'<!doctype html><meta charset="utf-8"><body style="margin:0;display:grid;'
            f'grid-template-columns:1fr 1fr">{halves}',
            encoding="utf-8",
        )
        driver.get(file.as_uri())
        _save(driver, IMAGES / "show.png", height=500)


def _save(driver: webdriver.Chrome, path: Path, *, height: int) -> None:
    """The upper ``height`` pixels of the window in 128 colours, which keeps a picture small."""
    picture = Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert("RGB")
    picture = picture.crop((0, 0, picture.width, min(height, picture.height)))
    picture.quantize(128).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
