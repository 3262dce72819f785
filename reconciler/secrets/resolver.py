"""SecretRef -> value: each reference once, through the entry points `mailsync.secrets`, and every value remembered.

A scheme is a function `resolve(ref, environment) -> str` that raises SecretUnavailable.
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib.metadata import entry_points

from reconciler.errors import SecretUnavailable
from reconciler.model.secret import Plaintext, Secret, SecretRef
from reconciler.secrets.masker import Masker

GROUP = "mailsync.secrets"
Scheme = Callable[[SecretRef, Mapping[str, str]], str]


class Resolver:
    """Resolves secrets for the length of one command; *masker* knows every value that was given out."""

    def __init__(self, environment: Mapping[str, str], masker: Masker | None = None) -> None:
        self.masker = masker or Masker()
        self.environment = environment
        self._values: dict[SecretRef, str] = {}
        self._schemes: dict[str, Scheme] = {}

    def resolve(self, secret: Secret) -> str:
        """The value. Raises SecretUnavailable, which names the reference and never a value."""
        if isinstance(secret, Plaintext):
            self.masker.remember(secret.value)
            return secret.value
        if secret not in self._values:
            self._values[secret] = self._fetch(secret)
        return self._values[secret]

    def _fetch(self, ref: SecretRef) -> str:
        value = self._call(self._scheme(ref), ref)
        if not isinstance(value, str):
            raise SecretUnavailable(f"{ref}: {ref.scheme!r} gave no text")
        self.masker.remember(value)
        # A pipeline passes on a secret that it does not have as an empty text; no provider takes one either.
        if not value:
            raise SecretUnavailable(f"{ref} is empty")
        if value.encode("utf-8", errors="replace").decode() != value:
            raise SecretUnavailable(f"{ref} is not UTF-8 text")
        return value

    def _call(self, scheme: Scheme, ref: SecretRef) -> object:
        try:
            return scheme(ref, self.environment)
        except SecretUnavailable:
            raise
        except Exception as error:
            # What a plug-in says when it breaks may hold the value, so only the kind of error is told.
            failure = type(error).__name__
        raise SecretUnavailable(f"{ref}: {ref.scheme!r} failed with {failure}")

    def _scheme(self, ref: SecretRef) -> Scheme:
        if ref.scheme not in self._schemes:
            self._schemes[ref.scheme] = _load(ref)
        return self._schemes[ref.scheme]


def _load(ref: SecretRef) -> Scheme:
    known = entry_points(group=GROUP)
    for point in known.select(name=ref.scheme):
        try:
            scheme: Scheme = point.load()
        except Exception as error:
            raise SecretUnavailable(f"{ref}: the scheme {ref.scheme!r} cannot be loaded: {error}") from error
        return scheme
    raise SecretUnavailable(f"{ref}: there is no secret scheme {ref.scheme!r}", hint=_suggestion(ref, known.names))


def _suggestion(ref: SecretRef, names: set[str]) -> str:
    close = get_close_matches(ref.scheme, sorted(names), n=1)
    return f"did you mean ${{{close[0]}:{ref.path}}}?" if close else f"installed are: {', '.join(sorted(names))}"


def schemes() -> frozenset[str]:
    """The schemes that manifests may use: those of all installed packages."""
    return frozenset(entry_points(group=GROUP).names)
