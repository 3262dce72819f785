"""The one place that knows all parts: load, validate, fetch, plan, apply. Each step takes what it needs as an argument,
none calls back.

Secrets are resolved as late as possible: the state's settings before the ledger is read, credentials of the providers
that are asked before they are listed, passwords right before the first write.
"""

import asyncio
import getpass
import hashlib
import os
import platform
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from reconciler import __version__, applier, manifests, planner
from reconciler.approval import check_approved
from reconciler.errors import InvalidInput, MailsyncError, NoLedger, Refused, StateError
from reconciler.ledger import open_backend
from reconciler.ledger.base import LockInfo
from reconciler.ledger.store import LedgerStore
from reconciler.model.capability import Capabilities, Terms
from reconciler.model.ledger import Ledger
from reconciler.model.location import Diagnostic, errors_of
from reconciler.model.manifest import Manifest, ManifestRequest, ProviderConfig
from reconciler.model.names import ResourceAddress
from reconciler.model.plan import Plan, PlanOptions
from reconciler.model.quantities import Rate, parse_rate
from reconciler.model.report import Drift, Event, Report
from reconciler.model.secret import Plaintext, Secret, SecretRef
from reconciler.model.snapshot import Scope, Snapshot
from reconciler.planner.guards import MAX_CHANGE_PERCENT
from reconciler.providers import registry
from reconciler.providers.base import Account, Provider, ProviderSettings, Surroundings
from reconciler.providers.hosts import check_host
from reconciler.secrets.resolver import Resolver, schemes
from reconciler.validate import supported, validate


def _ignore(event: Event) -> None:
    return


@dataclass(frozen=True, slots=True)
class Surface:
    """What a command brings along: the environment, whom to tell what happens, and its own words for the lock."""

    environment: Mapping[str, str] = field(repr=False)
    resolver: Resolver = field(repr=False)
    tell: Callable[[Event], None] = _ignore
    command: str = "mailsync"

    def mask(self, text: str) -> str:
        return self.resolver.masker.mask(text)


@dataclass(frozen=True, slots=True)
class Project:
    """A manifest that is valid, with the providers that it uses."""

    manifest: Manifest
    providers: Mapping[str, Provider]


def load(request: ManifestRequest, *, alone: bool = False) -> Project:
    """The manifest, checked without talking to a provider. *alone*: also for what a plan judges by what is live (circles,
    limits, required addresses). Raises InvalidInput with all findings."""
    types = registry.installed()
    manifest = manifests.load(request, types, schemes(), (_check_alone if alone else _check,))
    return Project(manifest, {name: types[config.type] for name, config in manifest.providers.items()})


def _check(manifest: Manifest) -> Iterable[Diagnostic]:
    return supported(manifest, _capabilities(manifest))


def _check_alone(manifest: Manifest) -> Iterable[Diagnostic]:
    capabilities = _capabilities(manifest)
    beside = (name for name, one in capabilities.items() if one.alias_beside_mailbox)
    return (*validate(manifest, capabilities), *planner.manifest_circles(manifest, beside))


def _capabilities(manifest: Manifest) -> dict[str, Capabilities]:
    types = registry.installed()
    return {name: types[config.type].capabilities(config.settings) for name, config in manifest.providers.items()}


async def plan(project: Project, options: PlanOptions, surface: Surface) -> Plan:
    """What apply would do. Takes no lock, writes nothing. Raises InvalidInput where the plan itself shows an error."""
    ledger = await _store(project.manifest, surface).read()
    async with _opened(project, ledger, surface) as world:
        return (await _planned(world, options))[1]


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """*show*: gets the plan, also one that a guard then refuses. *approve*: asked once, before the first write; not asked
    when there is nothing to write. *saved*: a plan that was approved before, and is neither shown nor asked about again.
    *force*: past max_change_percent."""

    show: Callable[[Plan], None]
    approve: Callable[[], Awaitable[bool]]
    saved: Plan | None = None
    force: bool = False
    fail_fast: bool = False


@dataclass(slots=True)
class Stop:
    """How a running apply is stopped. *armed*: writing has begun, so that stopping means ending in good order."""

    event: asyncio.Event = field(default_factory=asyncio.Event)
    armed: bool = False


async def apply(
    project: Project, options: PlanOptions, how: ApplyOptions, surface: Surface, stop: Stop
) -> tuple[Plan, Report]:
    """Plans under the lock, asks, and carries the plan out. Raises Refused, before the first write, when a guard or the
    user says no."""
    store = _store(project.manifest, surface)
    async with store.session(_lock_info(surface)) as session, _opened(project, session.ledger, surface) as world:
        situation, made = await _planned(world, options)
        if how.saved is None:
            how.show(made)
        else:
            check_approved(how.saved, made)
        _check_guards(made, force=how.force)
        if made.work and how.saved is None and not await how.approve():
            raise Refused("not approved: nothing was changed", hint="answer yes, or pass --auto-approve")
        tools = applier.Tools(
            accounts=world.accounts,
            scopes=world.scopes,
            width=world.width,
            secrets=_passwords(made, surface),
            session=session,
            may_own=situation.may_own,
            reads_back=situation.counts,
            tell=surface.tell,
            now=timestamp,
            stop=stop.event,
            fail_fast=how.fail_fast,
        )
        stop.armed = True
        wanted = () if options.destroy else tuple(project.manifest.resources.values())
        return made, await applier.apply(made, wanted, tools)


async def drift(project: Project, surface: Surface) -> tuple[Drift, ...]:
    """What changed at the providers since the last apply. Raises NoLedger when there was none."""
    ledger = await _store(project.manifest, surface).read()
    if not ledger.exists:
        raise NoLedger(
            "there is no ledger yet, so nothing can have drifted from it",
            hint="run mailsync apply first, or pass --allow-empty",
        )
    async with _opened(project, ledger, surface) as world:
        return planner.drift(await world.fetch())


async def read_ledger(project: Project, surface: Surface) -> Ledger:
    return await _store(project.manifest, surface).read()


def timestamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# --- the world: opened accounts and what they hold


@dataclass(frozen=True, slots=True)
class _World:
    project: Project
    ledger: Ledger
    terms: Mapping[str, Terms]
    scopes: Mapping[str, Scope]
    accounts: Mapping[str, Account]
    width: Mapping[str, int]
    surface: Surface

    async def fetch(self) -> planner.Situation:
        """Lists all that is in scope, at all providers at once; complete, or an error."""
        fetched = await asyncio.gather(*(self._snapshot(name) for name in self.scopes))
        snapshots = {snapshot.provider: snapshot for snapshot in fetched}
        return planner.Situation(self.project.manifest, snapshots, self.ledger, self.terms)

    async def with_limits(self, situation: planner.Situation, names: Iterable[str]) -> planner.Situation:
        """The same situation, with the account limits of these providers."""
        snapshots = dict(situation.snapshots)
        for name in names:
            told = await self.accounts[name].fetch(Scope(frozenset(), limits=True))
            requests = snapshots[name].requests + told.requests
            snapshots[name] = replace(snapshots[name], limits=told.limits, requests=requests)
        return replace(situation, snapshots=snapshots)

    async def _snapshot(self, name: str) -> Snapshot:
        self.surface.tell(Event("fetching", name))
        snapshot = await self.accounts[name].fetch(self.scopes[name])
        self.surface.tell(Event("fetched", name, done=len(snapshot.resources)))
        return snapshot


@asynccontextmanager
async def _opened(project: Project, ledger: Ledger, surface: Surface) -> AsyncIterator[_World]:
    """The accounts that manifest and ledger ask for, with their credentials resolved."""
    _check_ledger_providers(project, ledger)
    urls = {name: _base_url(name, project, surface) for name in project.manifest.providers}
    terms = {name: _terms(name, project, urls[name]) for name in project.manifest.providers}
    scopes = planner.scopes(project.manifest, ledger, terms)
    settings = {name: _settings(project.manifest.providers[name], project.providers[name], surface) for name in scopes}
    around = Surroundings(__version__, surface.mask, surface.tell, allowed_hosts(surface.environment))
    async with AsyncExitStack() as stack:
        accounts = {
            name: await stack.enter_async_context(project.providers[name].open(name, settings[name], around))
            for name in scopes
        }
        width = {name: settings[name].concurrency for name in scopes}
        yield _World(project, ledger, terms, scopes, accounts, width, surface)


def _check_ledger_providers(project: Project, ledger: Ledger) -> None:
    unknown = sorted({a.provider for a in (*ledger.resources, *ledger.pending)} - project.manifest.providers.keys())
    if unknown:
        raise StateError(
            f"the ledger owns resources at {', '.join(unknown)}, which the manifest does not configure",
            hint=f"configure it again, or, if it was renamed: mailsync state mv '{unknown[0]}/*' 'NEW/*'",
        )


def allowed_hosts(environment: Mapping[str, str]) -> tuple[str, ...] | None:
    """MAILSYNC_ALLOWED_HOSTS: the globs of hosts that may be talked to; None when it is not set."""
    text = environment.get("MAILSYNC_ALLOWED_HOSTS")
    return None if text is None else tuple(glob.strip() for glob in text.split(",") if glob.strip())


def _base_url(name: str, project: Project, surface: Surface) -> str:
    """The provider's root, checked before any of its credentials is resolved."""
    config = project.manifest.providers[name]
    default = project.providers[name].settings.model_fields["base_url"].default
    url = _value(config.settings.get("base_url", default), surface)
    allow_http = _value(config.settings.get("allow_http", False), surface) is True
    return check_host(str(url), allow_http=allow_http, allowed_hosts=allowed_hosts(surface.environment))


def _value(setting: object, surface: Surface) -> object:
    return surface.resolver.resolve(setting) if isinstance(setting, SecretRef | Plaintext) else setting


def _terms(name: str, project: Project, base_url: str) -> Terms:
    config, provider = project.manifest.providers[name], project.providers[name]
    capabilities = provider.capabilities(config.settings)
    account = hashlib.sha256(f"{config.type}\n{base_url}".encode()).hexdigest()
    return Terms(capabilities, _rate(config, capabilities), f"sha256:{account}")


def _rate(config: ProviderConfig, capabilities: Capabilities) -> Rate | None:
    text = config.settings.get("rate_limit")
    return parse_rate(text) if isinstance(text, str) else capabilities.rate


def _settings(config: ProviderConfig, provider: Provider, surface: Surface) -> ProviderSettings:
    values = {name: _value(setting, surface) for name, setting in config.settings.items()}
    try:
        return provider.settings.model_validate(values)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        # A value that came from a reference may be in pydantic's words.
        raise MailsyncError(f"providers.{config.name}: {surface.mask(wrong)}") from None


# --- the state


def _store(manifest: Manifest, surface: Surface) -> LedgerStore:
    settings = {name: _value(setting, surface) for name, setting in manifest.state.settings.items()}
    return LedgerStore(open_backend(manifest.state.backend, settings, Path(manifest.root)))


def _lock_info(surface: Surface) -> LockInfo:
    return LockInfo(
        str(uuid.uuid4()), _user(), platform.node(), os.getpid(), surface.mask(surface.command), timestamp()
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user id without a name
        return f"uid {os.getuid()}"


# --- between plan and apply


async def _planned(world: _World, options: PlanOptions) -> tuple[planner.Situation, Plan]:
    """The plan, and what it was made from. The account's own limits are asked for only where the plan creates something
    that they bound."""
    situation = replace(await world.fetch(), options=options)
    made = planner.plan(situation)
    if bounded := planner.bounded_by_account(made, world.terms):
        situation = await world.with_limits(situation, sorted(bounded))
        made = planner.plan(situation)
    if errors_of(made.diagnostics):
        raise InvalidInput(made.diagnostics)
    return situation, replace(made, created_at=timestamp())


def _check_guards(made: Plan, *, force: bool) -> None:
    if made.blocked:
        first = made.blocked[0]
        raise Refused(
            f"{len(made.blocked)} blocked change(s), so nothing was changed: {first.address}: {first.blocked}",
            hint="mailsync plan shows all of them",
        )
    too_much = [d for d in made.diagnostics if d.code == MAX_CHANGE_PERCENT]
    if too_much and not force:
        raise Refused(too_much[0].message, hint="pass --force if it is meant")


def _passwords(made: Plan, surface: Surface) -> dict[tuple[ResourceAddress, str], str]:
    """The values of all secrets that the plan sends. One that is missing raises before anything is sent."""
    sources: dict[tuple[ResourceAddress, str], Secret] = {}
    desired = {change.address: change.desired for change in made.changes}
    for step in made.steps:
        wanted = desired[step.address]
        for name in step.secrets:
            assert wanted is not None
            sources[step.address, name] = wanted.secrets[name].source
    return {key: surface.resolver.resolve(source) for key, source in sources.items()}
