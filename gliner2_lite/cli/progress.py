"""A progress bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from gliner2_lite.cli.records import Record
from gliner2_lite.cli.sources import Source


@contextmanager
def progress(sources: Sequence[Source], *, into_file: bool) -> Iterator[Callable[[Record], None]]:
    """A function to call with each finished record: it moves a bar over the bytes of all ``sources``.

    A percentage is shown where all sizes are known. There is no bar without a terminal on stderr, without
    tqdm, or where the results scroll over a terminal (``into_file`` False).
    """
    over_results = sys.stdout.isatty() and not into_file
    if not sources or not sys.stderr.isatty() or over_results:
        yield lambda record: None
        return
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:  # huggingface_hub brings it in; a trimmed installation may not have it
        yield lambda record: None
        return
    sizes = [source.size for source in sources]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    count = 0
    with tqdm(total=total, unit="B", unit_scale=True, file=sys.stderr, dynamic_ncols=True) as bar:

        def advance(record: Record) -> None:
            nonlocal count
            count += 1
            bar.set_postfix_str(f"{count} texts", refresh=False)
            bar.update(record.size)

        yield advance
