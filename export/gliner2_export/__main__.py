"""``python -m gliner2_export CHECKPOINT OUT``."""

from __future__ import annotations

import sys

from gliner2_export.cli import main

if __name__ == "__main__":
    sys.exit(main())
