"""``gliner2-lite push``: upload a bundle directory to a repository on the Hub."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``push`` subcommand to ``commands``."""
    parser = commands.add_parser(
        "push",
        help="upload a bundle to the Hub",
        description="Check every file of the bundle DIR and upload it in one commit. The token comes from "
        "HF_TOKEN or `hf auth login`.",
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="bundle directory")
    parser.add_argument("repository", metavar="ORG/NAME", help="repository; made if it does not exist")
    add_push_options(parser)
    parser.set_defaults(run=run)


def add_push_options(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Add the options that ``push`` and ``export --push`` share."""
    parser.add_argument("--private", action="store_true", help="make a new repository private")
    parser.add_argument("--revision", metavar="BRANCH", help="push to this branch (default: main)")
    parser.add_argument("--commit-message", metavar="TEXT", help="first line of the commit")


def run(options: argparse.Namespace) -> None:
    """Upload and print the commit's address."""
    push(options.directory, options.repository, options)


def push(directory: Path, repository: str, options: argparse.Namespace) -> None:
    """Upload ``directory`` as the options of :func:`add_push_options` say; print the commit's address."""
    from gliner2_lite.hub.push import push_bundle

    address = push_bundle(
        directory,
        repository,
        private=options.private,
        revision=options.revision,
        message=options.commit_message,
    )
    print(address)
