"""A bundle's directory → the parts of a loaded model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gliner2_lite.architectures.base import Architecture, find_architecture
from gliner2_lite.bundle.files import verify_files
from gliner2_lite.bundle.manifest import Bundle, Variant, read_bundle
from gliner2_lite.errors import BundleError, InputError, InputTypeError
from gliner2_lite.graph.profiles import CPU_PROVIDER, SessionSettings, make_settings
from gliner2_lite.graph.session import Contract, GraphSession, require_runtime, runtime_version
from gliner2_lite.load.compiled import (
    Fingerprint,
    find_compiled,
    fingerprint,
    is_directory,
    stores_of,
    warn_once,
)
from gliner2_lite.tokenizer.word_tokenizer import WordTokenizer, open_tokenizer

VERIFY_MODES = ("size", "hash")
PREPACK_MODES = ("auto", "never", "require")
#: A first load compiles graphs from this size on; for smaller ones there is little to gain.
COMPILE_FROM_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """The arguments of ``from_pretrained`` that concern the machine, as given; :func:`load` checks them."""

    variant: str | None = None
    profile: object = None
    threads: object = None
    prepack: object = "auto"
    cache: str | Path | None = None
    providers: object = None
    session_options: object = None
    verify: object = "size"


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """Everything a model needs to answer."""

    bundle: Bundle
    variant: Variant
    tokenizer: WordTokenizer
    session: GraphSession
    architecture: Architecture[Any]
    again: LoadOptions  # load the same model again in a worker process, from the same directory
    releases_memory: bool = False  # freed memory goes back to the system after every call


def load(root: Path, options: LoadOptions) -> LoadedModel:
    """Check and load the bundle in ``root``.

    Raises:
        BundleError: a file is missing, damaged, or does not fit the others. InputError: bad arguments.
    """
    _check_choice("verify", options.verify, VERIFY_MODES)
    _check_choice("prepack", options.prepack, PREPACK_MODES)
    if not isinstance(options.cache, str | Path | None):
        raise InputTypeError(f"cache must be a directory or None, not {options.cache!r}")
    settings = make_settings(
        options.profile,
        threads=options.threads,
        providers=options.providers,
        session_options=options.session_options,
    )
    bundle = read_bundle(root)
    kind = find_architecture(bundle)
    chosen = bundle.choose(options.variant)
    architecture = kind.open(bundle, chosen)
    verify_files(bundle, chosen, hashes=options.verify == "hash")
    tokenizer = open_tokenizer(bundle)
    session = open_graph(bundle, chosen, kind.contract, settings, options)
    portable = session.graph == bundle.path(chosen.graph)
    return LoadedModel(
        bundle=bundle,
        variant=chosen,
        tokenizer=tokenizer,
        session=session,
        architecture=architecture,
        again=LoadOptions(
            variant=chosen.name,
            profile=options.profile,
            threads=options.threads,
            # What could not be compiled for this process is not tried again by each worker.
            prepack="never" if portable else options.prepack,
            cache=options.cache,
            providers=list(settings.providers),
            session_options=dict(settings.entries),
            verify="size",  # the files were verified just now, in this process
        ),
        releases_memory=settings.releases_memory,
    )


def open_graph(
    bundle: Bundle, variant: Variant, contract: Contract, settings: SessionSettings, options: LoadOptions
) -> GraphSession:
    """The variant's graph: compiled for this machine where that exists or pays, else the portable one.

    Raises:
        BundleError: it cannot be loaded, or ``prepack="require"`` and no compiled graph fits.
    """
    if variant.min_onnxruntime is not None:
        require_runtime(variant.min_onnxruntime, f"{bundle.root}, variant {variant.name!r},")
    if options.prepack != "never":
        compiled = _compiled_graph(bundle, variant, settings, options)
        if compiled is not None:
            try:
                return GraphSession(compiled, contract, settings=settings, optimized=True)
            except BundleError as error:
                if options.prepack == "require":
                    raise
                warn_once(f"{error}; the portable graph is used")
    return GraphSession(bundle.path(variant.graph), contract, settings=settings, optimized=variant.optimized)


def _compiled_graph(
    bundle: Bundle, variant: Variant, settings: SessionSettings, options: LoadOptions
) -> Path | None:
    required = options.prepack == "require"
    if settings.providers != (CPU_PROVIDER,):
        if required:
            raise InputError("prepack='require' is for the CPU alone; leave out providers or prepack")
        return None
    stores = stores_of(bundle, options.cache)
    large = sum(bundle.files[name].size for name in variant.files) >= COMPILE_FROM_BYTES
    wanted = None
    if required or large or any(map(is_directory, stores)):
        wanted = fingerprint(bundle, variant, settings.entries, runtime=runtime_version())
    if wanted is not None:
        compiled = find_compiled(wanted, stores, hashes=options.verify == "hash")
        if compiled is not None:
            return compiled
    if required:
        raise BundleError(_none_fits(bundle, variant, wanted, stores))
    if wanted is None or len(stores) < 2 or not large:
        return None
    from gliner2_lite.load.compiling import write_compiled

    try:
        return write_compiled(wanted, stores[-1], bundle.path(variant.graph), unasked=True)
    except (OSError, BundleError) as error:  # no room, or no right to write: start without
        import logging

        logging.getLogger("gliner2_lite").info("no compiled graph was written: %s", error)
        return None


def _none_fits(bundle: Bundle, variant: Variant, wanted: Fingerprint | None, stores: list[Path]) -> str:
    if wanted is None:
        return "prepack='require' is not possible here: this machine's CPU cannot be told; leave it out"
    what = f"{bundle.root} has no compiled {variant.name} graph for this CPU and onnxruntime"
    if wanted.options:
        return (
            f"{what} with session_options {', '.join(wanted.options)}; load it once with prepack='auto', or "
            "leave out the options or prepack='require'"
        )
    return (
        f"{what} in {' or '.join(map(str, stores))}; run `gliner2-lite compile {bundle.root}` on this "
        "machine or leave out prepack='require'"
    )


def compile_bundle(bundle: Bundle, variant: str | None, store: Path) -> Path:
    """Compile a variant's graph into ``store`` unless a sound one is there; returns the compiled graph.

    Raises:
        BundleError: a file of the bundle is damaged, the CPU cannot be told, or the store cannot be written.
    """
    chosen = bundle.choose(variant)
    verify_files(bundle, chosen, hashes=True)
    from gliner2_lite.load.compiling import keep_compiled, write_compiled

    wanted = fingerprint(bundle, chosen, {}, runtime=runtime_version())
    if wanted is None:
        raise BundleError("this machine's CPU cannot be told, so nothing can be compiled for it")
    try:
        done = find_compiled(wanted, [store], hashes=True) or write_compiled(
            wanted, store, bundle.path(chosen.graph)
        )
        if done is not None:
            keep_compiled(done.parent)
    except OSError as error:
        raise BundleError(
            f"{store} cannot be written ({error}); choose another place with --output"
        ) from error
    if done is None:
        raise BundleError(f"another process is compiling this model into {store}; wait until it is done")
    return done


def _check_choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(f"{name} must be one of {', '.join(map(repr, allowed))}, not {value!r}")
