"""The provider types: every one, also those that come with mailsync, through the entry point group `mailsync.providers`.

A type is loaded when it is used, so a broken plug-in fails only those who configure it.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from reconciler.errors import MailsyncError
from reconciler.providers.base import Provider

GROUP: Final = "mailsync.providers"


class Installed(Mapping[str, Provider]):
    """The providers by type. Looking one up loads it, and raises MailsyncError, naming the package, if that fails;
    asking which there are loads none."""

    def __init__(self, found: Iterable[EntryPoint]) -> None:
        self._entries: dict[str, list[EntryPoint]] = {}
        for entry in found:
            self._entries.setdefault(entry.name, []).append(entry)
        self._loaded: dict[str, Provider] = {}

    def __getitem__(self, type_name: str) -> Provider:
        if type_name not in self._loaded:
            self._loaded[type_name] = _load(self._entries[type_name])
        return self._loaded[type_name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, type_name: object) -> bool:
        return type_name in self._entries


@cache
def installed() -> Mapping[str, Provider]:
    return Installed(entry_points(group=GROUP))


def _load(entries: list[EntryPoint]) -> Provider:
    entry = entries[0]
    where = f"the provider type {entry.name!r} of the package {_package(entry)}"
    if len(entries) > 1:
        packages = ", ".join(sorted(map(_package, entries)))
        raise MailsyncError(f"several packages give the provider type {entry.name!r}: {packages}", hint="uninstall one")
    try:
        provider = entry.load()
    except Exception as error:
        raise MailsyncError(f"{where} does not load: {type(error).__name__}: {error}") from error
    missing = [name for name in ("type", "settings", "capabilities", "open") if not hasattr(provider, name)]
    if missing:
        raise MailsyncError(f"{where} is no provider: {entry.value} has no {', '.join(missing)}")
    if provider.type != entry.name:
        raise MailsyncError(f"{where} calls itself {provider.type!r}")
    return provider  # type: ignore[no-any-return]


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.module
