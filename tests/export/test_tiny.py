"""The real small checkpoint, exported: its graphs answer as the reference does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from gliner2 import GLiNER2

from gliner2_export.export import export_checkpoint
from gliner2_lite.bundle.files import verify_files
from gliner2_lite.bundle.manifest import read_bundle

TEXT = "Apple CEO Tim Cook announced iPhone 15 in Cupertino yesterday."
SCHEMA = {
    "entities": {"company": "", "person": "", "product": "", "location": ""},
    "classifications": [{"task": "topic", "labels": ["technology", "sports", "cooking"]}],
}


@pytest.fixture(scope="module")
def tiny_bundle(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tiny") / "bundle"
    export_checkpoint(shared_dir / "checkpoints" / "tiny", out)
    return out


def test_sizes_and_files(tiny_bundle: Path) -> None:
    bundle = read_bundle(tiny_bundle)
    for variant in bundle.variants.values():
        verify_files(bundle, variant, hashes=False)
    sizes = {name: record.size for name, record in bundle.files.items()}
    assert sizes["onnx/model.onnx_data"] > 100e6
    assert sizes["onnx/model_int8.onnx"] < 30e6
    assert sizes["heads.npz"] < 5e6, "stored in half precision, as the checkpoint"
    assert bundle.config.max_positions == 512


@pytest.mark.parametrize(("variant", "tolerance"), [("fp32", 2e-5), ("int8", 0.25)])
def test_graphs_give_the_reference_numbers(
    variant: str, tolerance: float, tiny_bundle: Path, shared_dir: Path
) -> None:
    model = GLiNER2.from_pretrained(str(shared_dir / "checkpoints" / "tiny")).eval()
    batch = model.processor.collate_fn_inference([(TEXT, SCHEMA)])
    markers = batch.schema_special_indices[0]
    with torch.inference_mode():
        hidden = model.encoder(input_ids=batch.input_ids, attention_mask=batch.attention_mask)
        states = hidden.last_hidden_state
        words, tasks = model.processor.extract_embeddings_from_batch(states, batch.input_ids, batch)
        entities, topic = (torch.stack(rows) for rows in tasks[0])
        expected = {
            "count_logits": model.count_pred(torch.stack([entities[0], topic[0]]))[None],
            "class_logits": model.classifier(torch.cat([entities[1:], topic[1:]])).squeeze(-1)[None],
            "label_states": torch.cat([entities[1:], topic[1:]])[None],
        }
    graph = tiny_bundle / read_bundle(tiny_bundle).choose(variant).graph
    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    inputs = {
        "input_ids": batch.input_ids.numpy(),
        "attention_mask": batch.attention_mask.numpy(),
        "word_tokens": batch.text_word_indices.numpy()[:, : len(words[0])],
        "prompt_tokens": np.array([[task[0] for task in markers]]),
        "label_tokens": np.array([[place for task in markers for place in task[1:]]]),
        "label_tasks": np.array([[number for number, task in enumerate(markers) for _ in task[1:]]]),
    }
    for name, array in zip(expected, session.run(list(expected), inputs), strict=True):
        wanted = expected[name].numpy()
        assert np.abs(array - wanted).max() <= tolerance * np.abs(wanted).max(), name
        if name == "class_logits":
            assert array[0, 4:].argmax() == wanted[0, 4:].argmax() == 0
