"""The model card: facts of the bundle, and what it inherits from the checkpoint's card."""

from __future__ import annotations

import logging

import pytest
import yaml

from gliner2_export.card import render_card, split_front_matter

MANIFEST = {
    "config": {
        "hidden_size": 768,
        "max_positions": None,
        "encoder_type": "deberta-v2",
        "vocab_size": 128011,
    },
    "variants": {
        "fp32": {"files": ["onnx/model.onnx", "onnx/model.onnx_data"], "target": "any"},
        "int8": {"files": ["onnx/model_int8.onnx"], "target": "avx2"},
    },
    "source": {"name": "acme/model-v1", "sha256": "ab" * 32, "adapter": None},
    "versions": {"gliner2_lite": "0.1.0", "torch": "2.13.0"},
}
HEADS = "a counting layer, spans up to 8 words"
SIZES = {
    "onnx/model.onnx": 1_000_000,
    "onnx/model.onnx_data": 200_000_000,
    "onnx/model_int8.onnx": 50_000_000,
}
SOURCE = """---
license: cc-by-4.0
license_link: https://example.org/license
language: [en, de]
tags: [something]
---
# Acme model

## Use
```python
# a comment, no heading
price = "$5"
```
"""


def test_card_states_the_facts() -> None:
    card = render_card(MANIFEST, SIZES, "", heads=HEADS)
    assert "# acme/model-v1 for gliner2_lite" in card
    assert "| fp32 | `onnx/model.onnx`, `onnx/model.onnx_data` | 201.0 MB | any |" in card
    assert "| int8 | `onnx/model_int8.onnx` | 50.0 MB | avx2 |" in card
    assert "deberta-v2, hidden size 768, 128011 tokens, any length" in card
    assert f"| heads | {HEADS} |" in card
    assert "gliner2_lite 0.1.0, torch 2.13.0" in card
    assert "names no license in its front matter" in card
    assert "$" not in card


def test_card_inherits_license_language_and_text() -> None:
    card = render_card(MANIFEST, SIZES, SOURCE, heads=HEADS)
    metadata, body = split_front_matter(card)
    assert metadata["license"] == "cc-by-4.0" and metadata["language"] == ["en", "de"]
    assert metadata["base_model"] == "acme/model-v1" and metadata["library_name"] == "gliner2-lite"
    assert "something" not in metadata["tags"]
    assert "As the checkpoint: cc-by-4.0 (https://example.org/license)." in body
    assert "\n## The checkpoint's own card\n\n### Acme model\n\n#### Use\n" in body
    assert '# a comment, no heading\nprice = "$5"\n' in body


def test_quality_section_is_placed_before_the_license() -> None:
    card = render_card(MANIFEST, SIZES, "", heads=HEADS, quality="## What int8 costs\n\n| a |\n|---|")
    assert card.index("## What it holds") < card.index("## What int8 costs") < card.index("## License")


def test_broken_front_matter_is_reported_not_fatal(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "gliner2_export"):
        metadata, body = split_front_matter("---\nlicense: [\n---\ntext")
    assert (metadata, body) == ({}, "text")
    assert "front matter that is not YAML" in caplog.text
    with pytest.raises(yaml.YAMLError):
        yaml.safe_load("license: [")
