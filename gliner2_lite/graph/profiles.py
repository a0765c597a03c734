"""How a loaded graph uses threads and memory: three profiles, explained in docs/start-up.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gliner2_lite.errors import InputError, InputTypeError
from gliner2_lite.machine.processors import cpus_are_limited, usable_cores


class Profile(NamedTuple):
    """One way to run. No profile sets the number of threads: that is for ``threads=`` and the machine."""

    spinning: bool  # its threads wait actively for the next operator during a call
    releases_memory: bool  # after a call, what onnxruntime keeps for the next one goes back to the system


PROFILES = {
    # Between calls the process keeps the weights only: one long text does not cost memory for good.
    "edge": Profile(spinning=False, releases_memory=True),
    # Processors are shared and paid for; memory is reserved anyway, so that of one call serves the next.
    "serverless": Profile(spinning=False, releases_memory=False),
    # Processors are the model's own: its threads wait for the next operator without giving them up.
    "server": Profile(spinning=True, releases_memory=False),
}
CPU_PROVIDER = "CPUExecutionProvider"


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """A profile with the caller's own choices applied: all that a session is made with.

    ``threads`` None leaves the number to onnxruntime (one per physical core). ``entries`` are
    onnxruntime's session configuration entries.
    """

    threads: int | None = None
    spinning: bool = True
    releases_memory: bool = False
    providers: tuple[str, ...] = (CPU_PROVIDER,)
    entries: Mapping[str, str] = field(default_factory=dict)


def make_settings(
    profile: object = None,
    *,
    threads: object = None,
    providers: object = None,
    session_options: object = None,
) -> SessionSettings:
    """Check the arguments of ``from_pretrained`` and join them; an argument wins over the profile.

    Raises:
        InputError: an unknown profile, or a value that cannot be used; names the argument.
    """
    if profile is None:
        profile = default_profile()
    if not isinstance(profile, str) or profile not in PROFILES:
        raise InputError(f"profile must be one of {', '.join(map(repr, PROFILES))} or None, not {profile!r}")
    chosen = PROFILES[profile]
    count = check_threads(threads)
    if count is None and cpus_are_limited():
        count = usable_cores()  # onnxruntime would start a thread for every core of the host
    return SessionSettings(
        threads=count,
        spinning=chosen.spinning,
        releases_memory=chosen.releases_memory,
        providers=_check_providers(providers),
        entries=_check_entries(session_options),
    )


def default_profile() -> str:
    """``"server"``, the fastest; ``"serverless"`` where a container's share or an affinity limits processors:
    there, threads that wait actively use up the time that the calculation needs."""
    return "serverless" if cpus_are_limited() else "server"


def check_threads(threads: object) -> int | None:
    """``threads`` as a positive int or None (one per core that may be used)."""
    if threads is None:
        return None
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise InputError(f"threads must be a positive integer or None, not {threads!r}")
    return threads


def _check_providers(providers: object) -> tuple[str, ...]:
    if providers is None:
        return (CPU_PROVIDER,)
    if isinstance(providers, str) or not isinstance(providers, Sequence):
        raise InputTypeError(f"providers must be a list of names like [{CPU_PROVIDER!r}], not {providers!r}")
    wrong = [name for name in providers if not isinstance(name, str)]
    if wrong or not providers:
        raise InputError(f"providers must be names, at least one, not {providers!r}")
    return tuple(providers)


def _check_entries(options: object) -> dict[str, str]:
    if options is None:
        return {}
    if not isinstance(options, Mapping):
        raise InputTypeError(
            "session_options must be a dict of onnxruntime's session configuration entries, such as "
            f'{{"session.intra_op.allow_spinning": "0"}}, not {type(options).__name__}'
        )
    entries = {}
    for name, value in options.items():
        if not isinstance(name, str) or not isinstance(value, str | int) or not name:
            raise InputError(f"session_options: {name!r}: {value!r} must be a string and a string or integer")
        entries[name] = str(int(value)) if isinstance(value, bool) else str(value)
    return entries
