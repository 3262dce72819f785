"""What a provider can hold: its kinds, their verbs and their fields. Read off the provider's table, used by `validate`,
the planner, the documentation and `mailsync providers`; data and pure functions only."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from reconciler.model.names import Kind
from reconciler.model.quantities import Rate
from reconciler.model.resources import Desired, Fields, Live, Value

Verb = Literal["create", "update", "delete"]


@dataclass(frozen=True, slots=True)
class FieldCapability:
    """How a provider holds one portable field.

    *check* raises ValueError for a value that it cannot hold (null included where it cannot be cleared). *update* False:
    settable on create only, so that a difference means replacing the resource. *reads* False: write-only. *one_shot*: a
    flag that the provider resets by itself; true is sent on create and with a new password, and a live false is then no
    difference. *fixed*: the provider has this one value and no call to change it."""

    check: Callable[[Value], None]
    update: bool = True
    reads: bool = True
    one_shot: bool = False
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class KindCapability:
    """How a provider holds one kind. *verbs*: the calls it has (listing is a matter of course). *singleton*: there is
    exactly one, whose key is this. *required*: fields that the manifest must give to create one. *inherent_key*: the
    field that the key stands for (a webhook's `url`), which therefore never differs."""

    verbs: frozenset[Verb]
    fields: Mapping[str, FieldCapability]
    required: frozenset[str] = frozenset()
    singleton: str | None = None
    inherent_key: str | None = None
    # A replacement that exists beside the old one for a moment (webhooks) leaves no gap; where the key is unique
    # (addresses), the old one has to go first.
    replace_create_first: bool = False

    def can(self, verb: Verb) -> bool:
        return verb in self.verbs


def one_call(kind: Kind, verb: Verb, fields: Fields, live: Live | None) -> int:
    return 1


@dataclass(frozen=True, slots=True)
class Capabilities:
    """All that mailsync knows of a provider type without asking it.

    *rules*: problems of a whole resource that no single field shows (`defquota` over `maxquota`), as (field, message)
    pairs; they see the manifest's fields only. *cost*: how many changing calls a verb with exactly these fields takes.
    *cascade*: the kinds of children that the provider deletes itself with their domain. *alias_beside_mailbox*: an alias
    and a mailbox may have one address. *mailbox_delete_edits_aliases*: deleting a mailbox takes it out of aliases, and
    deletes those that go only to it. *automatic_catch_all*: a new domain comes with a catch-all to the account's own
    address; leaving `catch_all` out leaves it, null takes it away. What a key may look like is a rule, too (field `address`)."""

    type: str
    kinds: Mapping[Kind, KindCapability]
    rate: Rate | None
    rules: tuple[Callable[[Desired], Iterable[tuple[str, str]]], ...] = ()
    cost: Callable[[Kind, Verb, Fields, Live | None], int] = one_call
    cascade: frozenset[Kind] = frozenset()
    alias_beside_mailbox: bool = False
    mailbox_delete_edits_aliases: bool = False
    # A catch-all is one of the provider's aliases, and counts against `max_aliases`.
    catch_all_is_alias: bool = False
    automatic_catch_all: bool = False
    # The kinds of which the account itself may hold so many only (Snapshot.limits says how many).
    bounded: frozenset[Kind] = frozenset()
    regex_aliases: bool = False
    url_destinations: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """One configured provider as the planner sees it. *rate*: the limit in force, None for none. *account*: a digest of
    type and base_url."""

    capabilities: Capabilities
    rate: Rate | None = None
    account: str = ""
