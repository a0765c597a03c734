"""``gliner2-lite schema``: check a schema file, or write one from options."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gliner2_lite.cli.task_options import add_task_options, build_schema, has_tasks

if TYPE_CHECKING:
    from gliner2_lite.prompt.layout import Prompt
    from gliner2_lite.schema import SchemaSpec

EPILOG = """\
gliner2-lite schema show --entities "drug::Name of a medicine,dose" --classify tone=calm,angry > schema.json
gliner2-lite schema check schema.json
gliner2-lite schema check schema.json --model my-bundle     how many tokens it takes from every text
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``schema`` subcommand, with two of its own, to ``commands``."""
    parser = commands.add_parser(
        "schema",
        help="check a schema file, or write one from options",
        description="Check a schema file (friendly JSON), or write one from the options of extract.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser(
        "check",
        help="say what a schema file asks for",
        description="Say what a schema file asks for, or which field is wrong (exit code 2).",
    )
    check.add_argument("file", type=Path, metavar="FILE", help="a schema as JSON")
    check.add_argument(
        "--model", metavar="DIR|REPO|tiny", help="also count the tokens that the schema takes of this model"
    )
    check.set_defaults(run=run_check)
    show = actions.add_parser(
        "show",
        help="print the schema that options make, as JSON",
        description="Print the schema that extract's task options make, as --schema reads it.",
    )
    add_task_options(show)
    show.set_defaults(run=run_show, parser=show)


def run_show(options: argparse.Namespace) -> None:
    """Print the friendly form."""
    if not has_tasks(options):
        options.parser.error("name one: --entities, --classify, --structure, --relations or --schema")
    print(json.dumps(build_schema(options).to_dict(), ensure_ascii=False, indent=2))


def run_check(options: argparse.Namespace) -> None:
    """Print one line per task of a usable schema."""
    from gliner2_lite.prompt.layout import build_prompt
    from gliner2_lite.schema import Schema, compile_schema

    schema = Schema.from_file(options.file)
    spec = compile_schema(schema)
    prompt = build_prompt(spec)
    rows = list(_rows(spec))
    if options.model is not None:
        rows.append(("prompt", _tokens(prompt, options.model)))
    size = max(len(name) for name, _ in rows)
    print(f"{options.file}: a usable schema")
    for name, value in rows:
        print(f"  {name:<{size}}  {value}")


def _rows(spec: SchemaSpec) -> Iterator[tuple[str, str]]:
    """A name and a description of each task, in the order of the prompt."""
    for structure in spec.structures:
        fields = [
            f"{field.name}: {field.dtype}"
            + ("" if field.choices is None else f" of {'|'.join(field.choices)}")
            for field in structure.fields
        ]
        yield f"structure {structure.name}", f"{_count(fields, 'field')}; {'; '.join(fields)}"
    if spec.entities:
        names = [entity.name for entity in spec.entities]
        yield "entities", f"{_count(names, 'label')}: {', '.join(names)}"
    for attribute in spec.attributes:
        labels = attribute.labels
        yield f"attribute {attribute.name}", f"{_count(labels, 'label')}: {', '.join(labels)}"
    if spec.relations:
        names = [relation.name for relation in spec.relations]
        yield "relations", f"{_count(names, 'label')}: {', '.join(names)}"
    for task in spec.classifications:
        kind = "several of" if task.multi_label else "one or none of" if task.abstain else "one of"
        labels = task.labels
        yield f"classification {task.task}", f"{kind} {_count(labels, 'label')}: {', '.join(labels)}"


def _count(items: list[str] | tuple[str, ...], word: str) -> str:
    return f"{len(items)} {word}{'' if len(items) == 1 else 's'}"


def _tokens(prompt: Prompt, model: str) -> str:
    """How many tokens stand before the text; reads, or downloads, the tokenizer and no graph."""
    from gliner2_lite.bundle.manifest import TOKENIZER_NAME, VOCABULARY_NAME, read_bundle
    from gliner2_lite.graph.encode import Sample, encode_sample
    from gliner2_lite.hub.options import HubOptions
    from gliner2_lite.load.locate import locate
    from gliner2_lite.prompt.words import resolve_splitter, split_words
    from gliner2_lite.tokenizer.word_tokenizer import open_tokenizer

    bundle = read_bundle(locate(model, None, HubOptions(), only=(TOKENIZER_NAME, VOCABULARY_NAME)))
    tokenizer = open_tokenizer(bundle)
    sample = Sample("", split_words("", resolve_splitter(None), limit=None), prompt)
    encoded = encode_sample(sample, tokenizer.ids, bundle.special_tokens, pooling=bundle.config.token_pooling)
    used, limit = len(encoded.ids), bundle.config.max_positions
    if limit is None:
        return f"{used} tokens before every text ({model} has no fixed limit)"
    return f"{used} tokens before every text, of the {limit} that {model} takes at once"
