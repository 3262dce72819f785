"""All that one provider holds of what was asked for, at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.names import DomainName, Kind, ResourceAddress
from reconciler.model.resources import Live


@dataclass(frozen=True, slots=True)
class Scope:
    """What to list: whole kinds; *domains* are those the manifest or the ledger names there (a provider that lists per
    domain needs them, others ignore them). *limits*: the account's limits too."""

    kinds: frozenset[Kind]
    domains: frozenset[DomainName] = frozenset()
    limits: bool = False


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """How many of a kind the account may hold, how many each of its domains, and how many destinations an alias may have;
    what is missing is not bounded (or the provider does not say)."""

    at_most: Mapping[Kind, int] = field(default_factory=dict)
    in_each_domain: Mapping[Kind, int] = field(default_factory=dict)
    destinations: int | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Complete for the kinds in *listed*, or it does not exist (`fetch` raises).

    *surplus*: further live resources with a natural key that is in *resources* already. *requests*: the calls that
    listing took. *closed*: domains whose aliases (catch-all included) cannot be managed, with the reason."""

    provider: str
    resources: Mapping[ResourceAddress, Live]
    listed: frozenset[Kind]
    requests: int = 0
    surplus: tuple[Live, ...] = ()
    limits: AccountLimits = AccountLimits()
    closed: Mapping[ResourceAddress, str] = field(default_factory=dict)
