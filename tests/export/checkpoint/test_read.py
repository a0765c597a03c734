"""Reading checkpoints: what the manifest is told of them, the tokenizer, and errors before torch works."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from gliner2 import GLiNER2
from tokenizers import Tokenizer
from transformers import AutoModel, DebertaV2Config, RobertaConfig

from gliner2_export.checkpoint.read import (
    check_files,
    load_checkpoint,
    max_positions,
    read_config,
    source_name,
    tokenizer_json,
)
from gliner2_lite.errors import CheckpointError, CheckpointNotFoundError
from gliner2_lite.schema.limits import MARKERS

WORDS = [
    "(", "[P]", "entities", "apple", "x", ")", "Cupertino", "ﬁnance", "Ｆｕｌｌ", "①", "日本", "🙂", "naïve",
    "name [DESCRIPTION] the full name: with [OUTPUT] text", "two  words ", "\u200b", "e\u0301tude", "",
    "[SEP_TEXT]",
]  # fmt: skip


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Path], Path]:
    return lambda checkpoint: Path(shutil.copytree(checkpoint, tmp_path / "copy"))


def test_early_and_current_config_describe_the_same(bert_checkpoint: Path, deberta_checkpoint: Path) -> None:
    early = read_config(deberta_checkpoint / "config.json")
    assert "architecture" not in json.loads((deberta_checkpoint / "config.json").read_text())
    assert (early.architecture, early.counting_layer, early.token_pooling, early.max_width) == (
        "span",
        "count_lstm_v2",
        "first",
        5,
    )
    assert read_config(bert_checkpoint / "config.json").max_width == 5


def test_span_head_width_wins_over_the_legacy_field(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"max_width": 4, "span_head": {"max_width": 9}, "architecture": " SPAN "}')
    assert read_config(path).max_width == 9
    path.write_text("{}")
    assert (read_config(path).max_width, read_config(path).counting_layer) == (8, "count_lstm")


def test_loaded_extractor_is_the_reference(deberta_checkpoint: Path) -> None:
    loaded = load_checkpoint(deberta_checkpoint)
    reference = GLiNER2.from_pretrained(str(deberta_checkpoint))
    assert not loaded.extractor.training
    assert loaded.encoder_type == "deberta-v2" and loaded.hidden_size == 16 and loaded.max_positions is None
    assert loaded.vocab_size == len(reference.processor.tokenizer)
    for name, tensor in reference.state_dict().items():
        assert torch.equal(loaded.extractor.state_dict()[name], tensor), name


@pytest.mark.parametrize("kind", ["bert", "deberta-v2"])
def test_tokenizer_gives_the_ids_of_the_reference(kind: str, make_checkpoint: Callable[..., Path]) -> None:
    loaded = load_checkpoint(make_checkpoint(encoder=kind))
    reference = loaded.extractor.processor.tokenizer
    written = Tokenizer.from_str(loaded.tokenizer_json)
    for word in WORDS:
        expected = reference.convert_tokens_to_ids(reference.tokenize(word))
        assert written.encode(word, add_special_tokens=False).ids == expected, word
    first = loaded.special_tokens["[SEP_STRUCT]"]
    assert loaded.special_tokens == {token: first + place for place, token in enumerate(MARKERS)}


def test_special_tokens_are_added_when_the_files_lack_them(
    bert_checkpoint: Path, copy_of: Callable[[Path], Path]
) -> None:
    directory = copy_of(bert_checkpoint)
    before = load_checkpoint(directory)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"):
        (directory / name).unlink(missing_ok=True)
    # Only vocab.txt is left: transformers makes the fast tokenizer, the reference adds the markers.
    (directory / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    after = load_checkpoint(directory)
    assert after.special_tokens == before.special_tokens
    one, other = Tokenizer.from_str(before.tokenizer_json), Tokenizer.from_str(after.tokenizer_json)
    for word in WORDS:
        assert one.encode(word).ids == other.encode(word).ids, word


def test_truncation_and_padding_of_the_file_are_dropped(
    bert_checkpoint: Path, copy_of: Callable[[Path], Path]
) -> None:
    directory = copy_of(bert_checkpoint)
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    tokenizer.enable_truncation(3)
    tokenizer.enable_padding(length=7)
    tokenizer.save(str(directory / "tokenizer.json"))
    written = json.loads(load_checkpoint(directory).tokenizer_json)
    assert written["truncation"] is None and written["padding"] is None


def test_slow_tokenizer_is_refused(tmp_path: Path) -> None:
    class Slow:
        is_fast = False

    with pytest.raises(CheckpointError, match=r"no fast form of this tokenizer \(Slow\)"):
        tokenizer_json(Slow(), tmp_path)


def test_embedding_table_with_more_rows_than_the_tokenizer(
    bert_checkpoint: Path, copy_of: Callable[[Path], Path]
) -> None:
    from safetensors.torch import load_file, save_file

    directory = copy_of(bert_checkpoint)
    state = load_file(directory / "model.safetensors")
    name = "encoder.embeddings.word_embeddings.weight"
    rows = state[name].shape[0]
    state[name] = torch.cat([state[name], torch.zeros(3, state[name].shape[1])])
    save_file(state, directory / "model.safetensors")
    assert load_checkpoint(directory).vocab_size == rows + 3


def test_tokens_beyond_the_embedding_table_are_named(
    bert_checkpoint: Path, copy_of: Callable[[Path], Path]
) -> None:
    directory = copy_of(bert_checkpoint)
    rows = load_checkpoint(directory).vocab_size
    written = json.loads((directory / "tokenizer.json").read_text(encoding="utf-8"))
    written["model"]["vocab"] |= {"apple": rows + 40, "##z": rows + 39}
    (directory / "tokenizer.json").write_text(json.dumps(written), encoding="utf-8")
    message = rf"token 'apple' has id {rows + 40}, .*ids up to \d+ only \(tokens beyond: 2\)"
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(directory)


def test_positions_that_an_encoder_can_see() -> None:
    small = {"vocab_size": 20, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    roberta = AutoModel.from_config(RobertaConfig(**small, max_position_embeddings=66, pad_token_id=1))
    assert max_positions(roberta) == 64
    biased = AutoModel.from_config(
        DebertaV2Config(**small, max_position_embeddings=40, position_biased_input=True)
    )
    assert max_positions(biased) == 40
    free = AutoModel.from_config(
        DebertaV2Config(**small, position_biased_input=False, relative_attention=True)
    )
    assert max_positions(free) is None


def test_source_name_of_a_hub_cache_directory(tmp_path: Path) -> None:
    snapshot = tmp_path / "models--fastino--gliner2-base-v1" / "snapshots" / "0123abcd"
    snapshot.mkdir(parents=True)
    assert source_name(snapshot) == "fastino/gliner2-base-v1"
    assert source_name(tmp_path / "mine") == "mine"


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("config.json", r"config\.json is missing; give the directory"),
        ("encoder_config/config.json", r"encoder_config.config\.json is missing; copy the config\.json"),
        ("model.safetensors", r"model\.safetensors is missing; the download is incomplete"),
        ("tokenizer.json", r"tokenizer\.json is missing, and so is"),
    ],
)
def test_missing_file_is_named(
    missing: str, message: str, bert_checkpoint: Path, copy_of: Callable[[Path], Path]
) -> None:
    directory = copy_of(bert_checkpoint)
    (directory / missing).unlink()
    (directory / "vocab.txt").unlink()
    with pytest.raises(CheckpointNotFoundError, match=message) as caught:
        check_files(directory)
    assert isinstance(caught.value, FileNotFoundError)


def test_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        CheckpointNotFoundError, match=r"nowhere is not a directory; download .*\(hf download REPO"
    ):
        check_files(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"architecture": "boundary"}, r"'boundary' \(GLiNER2\.5\) is not supported yet"),
        ({"architecture": "cube"}, "unknown architecture 'cube'"),
        (
            {"counting_layer": "count_lstm_v9"},
            "unknown counting_layer 'count_lstm_v9'; known are count_lstm,",
        ),
        ({"span_head": {"max_width": 0}}, "max_width must be a positive integer, got 0"),
    ],
)
def test_unsupported_config_is_named(
    change: dict, message: str, bert_checkpoint: Path, copy_of: Callable[[Path], Path], edit_json: Callable
) -> None:
    directory = copy_of(bert_checkpoint)
    edit_json(directory / "config.json", **change)
    with pytest.raises(CheckpointError, match=message):
        check_files(directory)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"model_type": None},
            r'has no model_type; add the encoder.s, for example "model_type": "deberta-v2"',
        ),
        ({"auto_map": {"AutoModel": "mine.Model"}}, "asks for Python code of its own"),
    ],
)
def test_unusable_encoder_config_is_named(
    change: dict, message: str, bert_checkpoint: Path, copy_of: Callable[[Path], Path], edit_json: Callable
) -> None:
    directory = copy_of(bert_checkpoint)
    edit_json(directory / "encoder_config" / "config.json", **change)
    with pytest.raises(CheckpointError, match=message):
        check_files(directory)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gliner2_lite.json", "it holds a bundle already, which runs as it is .*give the checkpoint"),
        ("gliner_config.json", "it holds a GLiNER model .*take a GLiNER2 checkpoint"),
    ],
)
def test_directories_that_hold_something_else(
    name: str, message: str, bert_checkpoint: Path, copy_of: Callable[[Path], Path]
) -> None:
    directory = copy_of(bert_checkpoint)
    (directory / name).write_text("{}")
    with pytest.raises(CheckpointError, match=f"copy cannot be exported: {message}"):
        check_files(directory)
    (directory / name).unlink()
    encoder = directory / "encoder_config"
    shutil.copy(encoder / "config.json", directory / "config.json")
    shutil.rmtree(encoder)
    with pytest.raises(CheckpointError, match=r"a model of transformers \(model_type 'bert'\)"):
        check_files(directory)


def test_damaged_files_are_named(bert_checkpoint: Path, copy_of: Callable[[Path], Path]) -> None:
    directory = copy_of(bert_checkpoint)
    weights = directory / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match=r"gliner2 cannot read the checkpoint .*copy"):
        load_checkpoint(directory)
    (directory / "config.json").write_text("{broken")
    with pytest.raises(CheckpointError, match=r"config\.json is not valid JSON"):
        load_checkpoint(directory)
