"""``gliner2-lite extract``: one schema from the options, one answer per text, in order."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Any

from gliner2_lite.cli.records import Layout, Record, read_records
from gliner2_lite.cli.replies import Reply, replies
from gliner2_lite.cli.sources import AUTO, FORMATS, STDIN, Source, plan_sources
from gliner2_lite.cli.stopping import StopSignals
from gliner2_lite.cli.task_options import add_task_options, build_schema, has_tasks
from gliner2_lite.cli.values import character, not_negative, positive, probability
from gliner2_lite.errors import InputError

if TYPE_CHECKING:
    from gliner2_lite import GLiNER2, Schema

Formatter = Callable[[Record, Reply], str]

EPILOG = """\
Every text gives one line of JSON on stdout. All tasks of one call run in one pass of the model.
What cannot be read gives {"error": {"line": …, "file": …, "message": …}} in its place, and exit code 1.

entities        gliner2-lite extract "Apple CEO Tim Cook announced iPhone 15 in California yesterday." \\
                    --entities company,person,product,location
with meanings   gliner2-lite extract "Take 20 mg of Lisinopril." \\
                    --entities "drug::Name of a medicine,dose::Amount to take"
classification  gliner2-lite extract "The battery died after a day." \\
                    --classify sentiment=positive,negative,neutral --classify topic=price,quality
records         gliner2-lite extract 'The iPhone 15 costs $999 and comes in blue.' \\
                    --structure "product=name::str;price::str;color::[blue|black|red]::str"
relations       gliner2-lite extract "Tim Cook works for Apple." --relations works_for,lives_in
all at once     gliner2-lite extract "..." --entities person --classify urgent=yes,no --relations works_for
a schema file   gliner2-lite extract "..." --schema schema.json
many texts      gliner2-lite extract --input texts.txt --entities person,city > results.jsonl
records         gliner2-lite extract --input mails.jsonl --text-field body --classify urgent=yes,no
a spreadsheet   gliner2-lite extract --input reviews.csv --text-field review --classify tone=good,bad
a folder        gliner2-lite extract --input reports/ --long --entities person --output people.jsonl
for reading     gliner2-lite extract "Tim Cook lives in Austin." --entities person,city --format table
for grep        gliner2-lite extract --input texts.txt --entities person --format text | cut -f 4 | sort
from a pipe     journalctl | gliner2-lite extract --entities host,program --confidence
as it comes     tail -f app.log | gliner2-lite extract --classify alarm=yes,no --batch-size 1
long texts      gliner2-lite extract "$(cat report.txt)" --entities person --long --spans

Fields of a --structure are separated by ";". A field is a name, then in any order and each after "::"
str (one value) or list (all values, the default), [a|b] (choose among these), a description.
Thresholds per label, several labels at once and examples: write a --schema file;
`gliner2-lite schema show --entities person,city > schema.json` makes a first one.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``extract`` subcommand to ``commands``."""
    parser = commands.add_parser(
        "extract",
        help="extract from texts: JSON lines, a table or plain lines out",
        description="Extract what the options ask for from each text.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("text", nargs="?", metavar="TEXT", help="the text; without it, --input or a pipe")
    add_task_options(parser)
    _add_input_options(parser.add_argument_group("input"))
    _add_output_options(parser.add_argument_group("output"))
    _add_model_options(parser.add_argument_group("how"))
    parser.set_defaults(run=run, parser=parser)


def run(options: argparse.Namespace) -> None:
    """Extract from every text of ``options`` and write one answer for each, in order.

    Raises:
        InputError: a text could not be read. Raised after the last text, or at once with ``--strict``.
    """
    _check(options)
    schema = build_schema(options)
    layout = Layout(options.text_field or "text", options.id_field, options.result_field)
    sources = _sources(options)
    records = read_records(sources, layout) if sources else [Record("text", None, text=options.text)]
    # The model is loaded last: a wrong option is reported before any file of it is read.
    from gliner2_lite import GLiNER2

    with StopSignals() as signals:
        model = GLiNER2.from_pretrained(options.model, variant=options.variant, threads=options.threads)
        _write_all(options, model, schema, records, sources, layout, signals)


def _write_all(
    options: argparse.Namespace,
    model: GLiNER2,
    schema: Schema,
    records: Iterable[Record],
    sources: list[Source],
    layout: Layout,
    signals: StopSignals,
) -> None:
    from gliner2_lite.cli.output import open_output
    from gliner2_lite.cli.progress import progress

    stop_early = options.strict or options.text is not None
    arguments = _call_arguments(options)
    form = _formatter(options, layout)
    count, failed, first = 0, 0, ""
    with (
        open_output(options.output, signals) as output,
        progress(sources, into_file=options.output is not None) as advance,
        closing(  # ends worker processes, whatever ends this
            replies(
                records,
                lambda texts: model.extract_iter(texts, schema, errors="yield", **arguments),
                stop_early=stop_early,
                long=options.long,
            )
        ) as answered,
    ):
        for record, answer in answered:
            if isinstance(answer, str):
                message = answer if options.text is not None else f"{record.place}: {answer}"
                if stop_early:
                    raise InputError(message)
                failed, first = failed + 1, first or message
            output.write(form(record, answer))
            advance(record)
            count += 1
    if failed:
        raise InputError(f"{failed} of {count} texts could not be read; the first: {first}")


def _formatter(options: argparse.Namespace, layout: Layout) -> Formatter:
    """How an answer is written."""
    if options.format == "json":
        from gliner2_lite.cli.output import json_line

        return lambda record, answer: json_line(record, answer, layout)
    from gliner2_lite.cli.table import table_block, text_lines, use_color

    if options.format == "text":
        return lambda record, answer: text_lines(record.place, answer)
    color = use_color(options.color, into_file=options.output is not None)
    alone = options.text is not None
    return lambda record, answer: table_block(
        None if alone else record.place, record.text, answer, color=color
    )


def _sources(options: argparse.Namespace) -> list[Source]:
    if options.text is not None:
        return []
    return plan_sources(
        options.input or [STDIN],
        format=options.input_format,
        has_fields=options.text_field is not None or options.id_field is not None,
        delimiter=options.delimiter,
    )


def _check(options: argparse.Namespace) -> None:
    """End with a usage message when options contradict each other or say too little."""
    fail = options.parser.error
    if not has_tasks(options):
        fail("say what to extract: --entities, --classify, --structure, --relations or --schema")
    if options.text is not None and options.input is not None:
        fail("give TEXT or --input, not both")
    if options.text is None and (sys.stdin is None or (options.input is None and sys.stdin.isatty())):
        fail("give a TEXT, --input FILE, or pipe lines in")
    if not options.long and (options.chunk_size, options.chunk_overlap) != (None, None):
        fail("--chunk-size and --chunk-overlap belong to --long")


def _call_arguments(options: argparse.Namespace) -> dict[str, Any]:
    """Keyword arguments of ``extract_iter``; what people read always has confidences and offsets."""
    detailed = options.format != "json"
    arguments: dict[str, Any] = {
        "batch_size": options.batch_size,
        "batch_tokens": options.batch_tokens,
        "workers": options.workers,
        "threshold": options.threshold,
        "include_confidence": options.confidence or detailed,
        "include_spans": options.spans or detailed,
        "long": options.long,
    }
    if options.chunk_size is not None:
        arguments["chunk_size"] = options.chunk_size
    if options.chunk_overlap is not None:
        arguments["chunk_overlap"] = options.chunk_overlap
    return arguments


def _add_input_options(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--input",
        nargs="+",
        action="extend",
        metavar="FILE",
        help="UTF-8 files, or folders of .txt files; - is standard input; repeatable",
    )
    add(
        "--input-format",
        choices=FORMATS,
        default=AUTO,
        help="lines: each is a text; jsonl; csv, with a header; text: whole files. auto (default) "
        "goes by the name: .jsonl, .ndjson, .csv, .tsv; a folder is text, all else lines; a pipe is "
        "jsonl where --text-field or --id-field is given",
    )
    add("--text-field", metavar="KEY", help="key or column of the text (default text)")
    add("--id-field", metavar="KEY", help="key or column that each record must have, repeated in errors")
    add(
        "--delimiter",
        type=character,
        metavar="CHAR",
        help="between CSV columns (default a comma; in .tsv files a tab)",
    )
    add("--strict", action="store_true", help="stop at the first text that cannot be read")


def _add_output_options(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--output", metavar="FILE", help="write there instead of stdout; FILE appears when all is done")
    add(
        "--format",
        choices=("json", "table", "text"),
        default="json",
        help="json: a line per text (default); table: for people; text: a tab-separated line per finding",
    )
    add(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="colours in the table (default auto: on a terminal, unless NO_COLOR is set)",
    )
    add(
        "--result-field",
        metavar="KEY",
        default="result",
        help="key of the result beside a record's own keys (default result)",
    )
    add("--confidence", action="store_true", help="add confidences")
    add("--spans", action="store_true", help="add character offsets")


def _add_model_options(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--model",
        default="tiny",
        metavar="DIR|REPO|tiny",
        help="bundle directory, hub repository, or the embedded model (default)",
    )
    add("--variant", choices=("int8", "fp32"), help="which graph (default: int8 where the bundle has it)")
    add(
        "--threshold",
        type=probability,
        default=0.5,
        metavar="X",
        help="lowest probability of a span, 0 to 1 (default 0.5)",
    )
    add("--long", action="store_true", help="read in overlapping windows: no limit on a text's length")
    add("--chunk-size", type=positive, metavar="N", help="words per window of --long (default 384)")
    add("--chunk-overlap", type=not_negative, metavar="N", help="words shared by neighbours (default 64)")
    add(
        "--batch-size",
        type=positive,
        default=8,
        metavar="N",
        help="texts per pass (default 8); 1 answers each line of a live pipe at once",
    )
    add("--batch-tokens", type=positive, metavar="N", help="most tokens per pass, padding included")
    add("--workers", type=not_negative, default=0, metavar="N", help="processes (default 0: only this one)")
    add("--threads", type=positive, metavar="N", help="CPU threads (default: the runtime's choice)")
