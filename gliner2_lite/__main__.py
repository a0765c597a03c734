"""``python -m gliner2_lite``: the command line without the installed script."""

from __future__ import annotations

import sys

from gliner2_lite.cli import main

if __name__ == "__main__":
    sys.exit(main())
