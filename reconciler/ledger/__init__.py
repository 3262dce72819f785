"""State backends, and what turns their bytes into a ledger."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path

from reconciler.errors import StateError
from reconciler.ledger.base import Backend

DEFAULT_PATH = ".mailsync/state.json"


def open_backend(kind: str, settings: Mapping[str, object], root: Path) -> Backend:
    """The backend that `state:` names; relative paths start from *root*. Nothing is read or written yet.

    Raises StateError for an unknown backend or setting."""
    if kind not in _BACKENDS:
        raise StateError(f"there is no state backend {kind!r}", hint=_suggestion(kind, _BACKENDS))
    return _BACKENDS[kind](settings, root)


def _local(settings: Mapping[str, object], root: Path) -> Backend:
    from reconciler.ledger.local import LocalBackend

    _refuse_unknown("local", settings, {"path"})
    path = settings.get("path", DEFAULT_PATH)
    if not isinstance(path, str) or not path or "\0" in path:
        raise StateError(f"state.path must be the name of a file, not {path!r}")
    return LocalBackend(root / path)


# Each backend imports its own client library, so only the one that is used is loaded.
_BACKENDS: Mapping[str, Callable[[Mapping[str, object], Path], Backend]] = {"local": _local}


def _refuse_unknown(kind: str, settings: Mapping[str, object], known: set[str]) -> None:
    for name in settings:
        if name not in known:
            raise StateError(f"the state backend {kind!r} has no setting {name!r}", hint=_suggestion(name, known))


def _suggestion(word: str, known: Mapping[str, object] | set[str]) -> str:
    close = get_close_matches(word, sorted(known), n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are: {', '.join(sorted(known))}"
