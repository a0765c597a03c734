"""The embedded model's WordPiece as it is shipped, and Unigrams of the reference tests made compact."""

from __future__ import annotations

import zipfile

import pytest
from tokenizers import Tokenizer

from gliner2_export.vocabulary.compact import compact_bytes
from gliner2_lite.bundle.manifest import TOKENIZER_NAME, VOCABULARY_NAME
from gliner2_lite.load.locate import EMBEDDED
from tests.conftest import ROOT
from tests.tokenizer.pairs import UNIGRAMS, Pair


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pair]:
    """The embedded model's WordPiece as it is shipped, and Unigrams of the reference tests made compact."""
    place = tmp_path_factory.mktemp("vocabularies")
    tiny = EMBEDDED["tiny"]
    found = {"tiny": Pair(Tokenizer.from_file(str(tiny / TOKENIZER_NAME)), tiny / VOCABULARY_NAME)}
    for name in UNIGRAMS:
        with zipfile.ZipFile(ROOT / "tests" / "golden" / "bundles" / f"{name}.zip") as archive:
            source = archive.read(TOKENIZER_NAME).decode()
        library = Tokenizer.from_str(source)
        path = place / f"{name}.bin"
        path.write_bytes(compact_bytes(library))
        found[name] = Pair(library, path)
    return found
