"""``python -m gliner2_export.vocabulary BUNDLE``: give an older bundle a compact vocabulary."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from gliner2_export.vocabulary.compact import add_to_bundle

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    sys.exit(not add_to_bundle(Path(sys.argv[1])))
