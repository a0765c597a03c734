"""The bundle's README.md, from the template ``card.md`` and what the checkpoint says of itself."""

from __future__ import annotations

import logging
import re
from importlib import resources
from string import Template
from typing import Any

import yaml

log = logging.getLogger("gliner2_export")

FRONT_MATTER = re.compile(r"\A---\r?\n(.*?)\r?\n---\r?\n", re.DOTALL)
#: What a converted model inherits from the card of its source.
INHERITED = ("license", "license_name", "license_link", "language")


def render_card(
    manifest: dict[str, Any], sizes: dict[str, int], source_card: str, *, heads: str, quality: str = ""
) -> str:
    """The card as Markdown.

    ``manifest`` as written (``files`` not needed), ``sizes`` in bytes by path, ``source_card`` the text of
    the checkpoint's README.md (or empty), ``heads`` what the architecture says of its heads in a few words,
    ``quality`` a finished section in Markdown (or empty).
    """
    metadata, body = split_front_matter(source_card)
    source, config = manifest["source"], manifest["config"]
    positions = config["max_positions"]
    template = Template(resources.files("gliner2_export").joinpath("card.md").read_text(encoding="utf-8"))
    return template.substitute(
        front_matter=_front_matter(metadata, source["name"], manifest["variants"]),
        name=source["name"],
        sha256=source["sha256"],
        adapter=f"`{source['adapter']}`, merged into the weights" if source["adapter"] else "none",
        positions="any length" if positions is None else f"at most {positions} tokens with the prompt",
        variant_rows="\n".join(
            f"| {name} | {', '.join(f'`{file}`' for file in variant['files'])} "
            f"| {sum(sizes[file] for file in variant['files']) / 1e6:.1f} MB | {variant['target']} |"
            for name, variant in manifest["variants"].items()
        ),
        versions=", ".join(f"{package} {version}" for package, version in manifest["versions"].items()),
        quality=f"{quality.strip()}\n" if quality else "",
        license=_license_note(metadata),
        source_card=f"\n## The checkpoint's own card\n\n{_deeper(body)}" if body else "",
        heads=heads,
        **{key: config[key] for key in ("encoder_type", "hidden_size", "vocab_size")},
    )


def split_front_matter(card: str) -> tuple[dict[str, Any], str]:
    """YAML front matter of a model card as a dict (empty if there is none), and the text after it."""
    match = FRONT_MATTER.match(card)
    if match is None:
        return {}, card.strip()
    try:
        metadata = yaml.safe_load(match[1])
    except yaml.YAMLError as error:
        log.warning("the checkpoint's README.md has front matter that is not YAML (%s); left out", error)
        metadata = {}
    return (metadata if isinstance(metadata, dict) else {}), card[match.end() :].strip()


def _front_matter(metadata: dict[str, Any], name: str, variants: dict[str, Any]) -> str:
    front = {key: metadata[key] for key in INHERITED if key in metadata}
    front["library_name"] = "gliner2-lite"
    front["pipeline_tag"] = "token-classification"
    front["tags"] = ["gliner2", "onnx", "zero-shot", *sorted(variants)]
    if "/" in name:  # a repository, so the Hub can link to it
        front["base_model"] = name
    return "---\n" + yaml.safe_dump(front, sort_keys=False, allow_unicode=True) + "---\n"


def _license_note(metadata: dict[str, Any]) -> str:
    if "license" not in metadata:
        return "The checkpoint's README.md names no license in its front matter: ask where it came from."
    name = metadata.get("license_name") or metadata["license"]
    link = metadata.get("license_link")
    return f"As the checkpoint: {name}" + (f" ({link})." if link else ".")


def _deeper(body: str) -> str:
    """Headings two levels down, outside code blocks, so that the quoted card stays below its own heading."""
    lines, in_code = [], False
    for line in body.splitlines():
        if line.lstrip().startswith("```"):
            in_code = not in_code
        heading = re.match(r"#{1,6}(?= )", line)
        if heading and not in_code:
            line = "#" * min(6, len(heading[0]) + 2) + line[heading.end() :]
        lines.append(line)
    return "\n".join(lines) + "\n"
