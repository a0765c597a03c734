"""``gliner2-lite extract``: options to one schema, texts to JSON lines."""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from gliner2_lite.errors import InputError, SchemaError

if TYPE_CHECKING:
    from gliner2_lite.schema import Schema

Number = TypeVar("Number", int, float)

EPILOG = """\
Every text gives one line of JSON on stdout. All tasks of one call run in one pass of the model.

entities        gliner2-lite extract "Apple CEO Tim Cook announced iPhone 15 in Cupertino yesterday." \\
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
from a pipe     journalctl | gliner2-lite extract --entities host,program --confidence
long texts      gliner2-lite extract "$(cat report.txt)" --entities person --long --spans

Fields of a --structure are separated by ";". A field is a name, then in any order and each after "::"
str (one value) or list (all values, the default), [a|b] (choose among these), a description.
Thresholds per label, several labels at once, examples and validators: write a --schema file (README).
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``extract`` subcommand to ``commands``."""
    parser = commands.add_parser(
        "extract",
        help="extract from texts, JSON lines out",
        description="Extract what the options ask for from each text.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "text", nargs="?", metavar="TEXT", help="the text; without it, lines from --input or a pipe"
    )
    parser.add_argument("--input", metavar="FILE", help="one text per line, UTF-8; - is standard input")
    what = parser.add_argument_group("what to extract (at least one)")
    what.add_argument(
        "--entities",
        type=_names,
        action="append",
        metavar="A,B",
        help="entity types; NAME::MEANING explains one",
    )
    what.add_argument(
        "--classify",
        type=_classification,
        action="append",
        metavar="TASK=A,B",
        help="one label per task; repeatable",
    )
    what.add_argument(
        "--structure",
        type=_structure,
        action="append",
        metavar="NAME=F::str;G",
        help="records with fields; repeatable",
    )
    what.add_argument(
        "--relations",
        type=_names,
        action="append",
        metavar="A,B",
        help="relation types, each found as (head, tail)",
    )
    what.add_argument(
        "--schema", type=Path, metavar="FILE.json", help="a schema as JSON; the options above are added to it"
    )
    how = parser.add_argument_group("how")
    how.add_argument(
        "--model",
        default="tiny",
        metavar="DIR|REPO|tiny",
        help="bundle directory, hub repository, or the embedded model (default)",
    )
    how.add_argument(
        "--variant",
        choices=("int8", "fp32"),
        help="which graph of the bundle (default: int8 where it has one)",
    )
    how.add_argument(
        "--threshold",
        type=_probability,
        default=0.5,
        metavar="X",
        help="lowest probability of a span, 0 to 1 (default 0.5)",
    )
    how.add_argument("--confidence", action="store_true", help="add confidences")
    how.add_argument("--spans", action="store_true", help="add character offsets")
    how.add_argument(
        "--long", action="store_true", help="read each text in overlapping windows: no limit on its length"
    )
    how.add_argument(
        "--chunk-size", type=_positive, metavar="N", help="words per window of --long (default 384)"
    )
    how.add_argument(
        "--chunk-overlap", type=_not_negative, metavar="N", help="words shared by neighbours (default 64)"
    )
    how.add_argument(
        "--batch-size", type=_positive, default=8, metavar="N", help="texts per pass (default 8)"
    )
    how.add_argument(
        "--threads", type=_positive, metavar="N", help="CPU threads (default: the runtime's choice)"
    )
    parser.set_defaults(run=run, parser=parser)


def run(options: argparse.Namespace) -> None:
    """Extract from every text of ``options`` and print one JSON line for each, in order."""
    _check(options)
    schema = build_schema(options)
    texts = read_texts(options)
    # The model is loaded last: a wrong option is reported before any file of it is read.
    from gliner2_lite import GLiNER2

    model = GLiNER2.from_pretrained(options.model, variant=options.variant, threads=options.threads)
    extract: Callable[..., list[dict[str, Any]]]
    extract = model.batch_extract_long if options.long else model.batch_extract
    arguments = _call_arguments(options)
    _use_utf8_output()
    first = 1
    while batch := list(islice(texts, options.batch_size)):
        try:
            results = extract(batch, schema, **arguments)
        except InputError as error:
            if options.text is not None:
                raise
            raise type(error)(f"input lines {first} to {first + len(batch) - 1}: {error}") from error
        sys.stdout.write("".join(json.dumps(result, ensure_ascii=False) + "\n" for result in results))
        sys.stdout.flush()
        first += len(batch)


def build_schema(options: argparse.Namespace) -> Schema:
    """All tasks of the command line, and those of ``--schema``, as one schema."""
    from gliner2_lite.schema import Schema
    from gliner2_lite.schema.fields import parse_field

    schema = Schema() if options.schema is None else _load_schema(options.schema)
    for names in options.entities or ():
        schema.entities(names)
    for names in options.relations or ():
        schema.relations(names)
    for task, labels in options.classify or ():
        schema.classification(task, labels)
    for name, fields in options.structure or ():
        structure = schema.structure(name)
        for index, text in enumerate(fields):
            field = parse_field(text, f"structures.{name}[{index}]")
            choices = None if field.choices is None else list(field.choices)
            structure.field(field.name, dtype=field.dtype, choices=choices, description=field.description)
    return schema


def read_texts(options: argparse.Namespace) -> Iterator[str]:
    """The texts in order: TEXT, else one per line. A line's own end is not part of its text."""
    if options.text is not None:
        return iter([options.text])
    if options.input in (None, "-"):
        return _lines(sys.stdin.buffer, "standard input")
    return _file_lines(options.input)


def _check(options: argparse.Namespace) -> None:
    """End with a usage message when options contradict each other or say too little."""
    fail = options.parser.error
    if not any((options.entities, options.classify, options.structure, options.relations, options.schema)):
        fail("say what to extract: --entities, --classify, --structure, --relations or --schema")
    if options.text is not None and options.input is not None:
        fail("give TEXT or --input, not both")
    if options.text is None and (sys.stdin is None or (options.input is None and sys.stdin.isatty())):
        fail("give a TEXT, --input FILE, or pipe lines in")
    if not options.long and (options.chunk_size, options.chunk_overlap) != (None, None):
        fail("--chunk-size and --chunk-overlap belong to --long")


def _call_arguments(options: argparse.Namespace) -> dict[str, Any]:
    """Keyword arguments of ``batch_extract`` or ``batch_extract_long``."""
    arguments: dict[str, Any] = {
        "batch_size": options.batch_size,
        "threshold": options.threshold,
        "include_confidence": options.confidence,
        "include_spans": options.spans,
    }
    if options.chunk_size is not None:
        arguments["chunk_size"] = options.chunk_size
    if options.chunk_overlap is not None:
        arguments["chunk_overlap"] = options.chunk_overlap
    return arguments


def _load_schema(path: Path) -> Schema:
    from gliner2_lite.schema import Schema

    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SchemaError(f"--schema {path} cannot be read ({error}): give a UTF-8 JSON file") from error
    try:
        return Schema.from_json(text)
    except SchemaError as error:
        raise SchemaError(f"--schema {path}: {error}") from error


def _file_lines(name: str) -> Iterator[str]:
    try:
        # Opened now, so that a wrong name is told before the model loads; _lines closes it.
        file = open(name, "rb")  # noqa: SIM115
    except OSError as error:
        raise InputError(
            f"--input {name} cannot be read ({error.strerror}): give a file with one text per line"
        ) from error
    return _lines(file, name)


def _lines(file: BinaryIO, name: str) -> Iterator[str]:
    """Decode line by line, so that a pipe is served as it comes and a bad byte names its line."""
    for number, line in enumerate(file, start=1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{name}, line {number} is not UTF-8 ({error.reason}): convert it first"
            ) from error
        yield text.removesuffix("\n").removesuffix("\r")


def _use_utf8_output() -> None:
    """JSON is UTF-8 whatever the locale; a lone surrogate becomes its JSON escape."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def _names(text: str) -> list[str] | dict[str, str]:
    """``a,b`` to names, or ``a::meaning,b`` to names with meanings (an empty one is none)."""
    parts = [part.strip() for part in text.split(",")]
    if not all(parts):
        raise argparse.ArgumentTypeError(
            f"{text!r} has an empty name: write names with commas between, as in a,b"
        )
    if not any("::" in part for part in parts):
        return parts
    return {name.strip(): meaning.strip() for name, _, meaning in (part.partition("::") for part in parts)}


def _classification(text: str) -> tuple[str, list[str] | dict[str, str]]:
    task, equals, labels = text.partition("=")
    if not (task.strip() and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not TASK=LABEL,LABEL as in mood=good,bad")
    return task.strip(), _names(labels)


def _structure(text: str) -> tuple[str, list[str]]:
    name, equals, fields = text.partition("=")
    # A ";" inside the brackets of a choice list does not end the field.
    parts = [part.strip() for part in re.split(r";(?![^\[;]*\])", fields)]
    if not (name.strip() and equals and all(parts)):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=FIELD;FIELD as in product=name::str;price")
    return name.strip(), parts


def _probability(text: str) -> float:
    return _number(text, float, lambda value: 0.0 <= value <= 1.0, "a number from 0 to 1")


def _positive(text: str) -> int:
    return _number(text, int, lambda value: value >= 1, "a whole number from 1 up")


def _not_negative(text: str) -> int:
    return _number(text, int, lambda value: value >= 0, "a whole number from 0 up")


def _number(text: str, kind: Callable[[str], Number], good: Callable[[Number], bool], wanted: str) -> Number:
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not good(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
    return value
