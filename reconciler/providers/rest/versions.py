"""A provider type whose API has several versions: a table for each, and the setting that says which."""

import builtins
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.model.capability import Capabilities
from reconciler.providers.base import ProviderSettings, Surroundings
from reconciler.providers.rest.table import RestApi

if TYPE_CHECKING:
    from reconciler.providers.rest.engine import RestAccount


@dataclass(frozen=True, slots=True)
class Versions:
    """*setting*: its name; *tables* by its values, the first one for where it is left out."""

    setting: str
    tables: Mapping[str, RestApi]

    @property
    def type(self) -> str:
        return self._table(None).type

    @property
    def settings(self) -> builtins.type[ProviderSettings]:
        return self._table(None).settings

    def capabilities(self, settings: Mapping[str, object]) -> Capabilities:
        return self._table(settings.get(self.setting)).capabilities(settings)

    def open(
        self, name: str, settings: ProviderSettings, around: Surroundings
    ) -> AbstractAsyncContextManager["RestAccount"]:
        return self._table(getattr(settings, self.setting)).open(name, settings, around)

    def connect(self, name: str, settings: ProviderSettings, *rest: Any) -> "RestAccount":
        """See RestApi.connect."""
        return self._table(getattr(settings, self.setting)).connect(name, settings, *rest)

    def _table(self, version: object) -> RestApi:
        return self.tables.get(str(version)) or next(iter(self.tables.values()))
