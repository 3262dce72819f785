"""What a provider cannot hold is told before anything is sent, as far as the manifest alone shows it."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from reconciler.model.capability import Capabilities, FieldCapability, KindCapability
from reconciler.model.location import Diagnostic, Location, Places
from reconciler.model.manifest import ManagedDomain, Manifest, Policies
from reconciler.model.names import DomainName, Kind, ResourceAddress
from reconciler.model.resources import FIELDS, Desired, Value
from reconciler.model.secret import SecretRef, VersionedSecret
from reconciler.validate import validate

GIB = 1024**3
DOMAIN = DomainName("example.com")


def whole_mebibytes(value: Value) -> None:
    if not isinstance(value, int) or value % 2**20:
        raise ValueError("must be a whole number of MiB")


def anything(value: Value) -> None:
    """No limits."""


def kind(name: Kind, *without: str, **more: Any) -> KindCapability:
    checks = {
        field: whole_mebibytes if field == "quota" else anything for field in FIELDS[name] if field not in without
    }
    fields = {field: FieldCapability(check) for field, check in checks.items()}
    return KindCapability(frozenset({"create", "update", "delete"}), fields, **more)


KINDS: Mapping[Kind, KindCapability] = {
    "domain": kind("domain", "backup_mx"),
    "mailbox": kind("mailbox", "expires", "password"),
    "alias": kind("alias"),
}
HOST = Capabilities("host", KINDS, None)
HOOKS = Capabilities("hooks", {"webhook": kind("webhook", "url", inherent_key="url"), "domain": kind("domain")}, None)


def resource(address: str, secrets: Iterable[str] = (), **fields: Any) -> Desired:
    versions = {name: VersionedSecret(SecretRef("env", "X")) for name in secrets}
    return Desired(ResourceAddress.parse(address), fields, versions)


def check(*resources: Desired, capabilities: Capabilities = HOST, **more: Any) -> tuple[Diagnostic, ...]:
    """What is found; `hosting` has the given capabilities, `other` can hold webhooks, and all fields of a domain."""
    manifest = Manifest(
        root="/",
        providers={},
        domains={DOMAIN: ManagedDomain(DOMAIN, "hosting")},
        resources={desired.address: desired for desired in resources},
        places=Places(lambda address, member: Location(f"{address.key}.{member}")),
        **more,
    )
    return validate(manifest, {"hosting": capabilities, "other": HOOKS})


def codes(*resources: Desired, **more: Any) -> list[str]:
    return [finding.code for finding in check(*resources, **more)]


def test_what_can_be_held_is_fine() -> None:
    """Every field of every kind that the provider has."""
    values: dict[str, Any] = dict.fromkeys(FIELDS["domain"].keys() - {"backup_mx", "quota"})
    assert (
        check(resource("hosting/domain/example.com", **values), resource("hosting/mailbox/a@example.com", quota=GIB))
        == ()
    )


def test_a_kind_that_the_provider_has_not() -> None:
    """Says who has it."""
    [finding] = check(resource("hosting/webhook/https://a.example", url="https://a.example"))
    assert (finding.code, finding.address) == ("unsupported-kind", "hosting/webhook/https://a.example")
    assert finding.hint == "providers that have them: other"


def test_a_field_that_the_provider_has_not() -> None:
    """At the field's own line; says who has it. Secrets are fields, too."""
    domain, mailbox = check(
        resource("hosting/domain/example.com", backup_mx=True),
        resource("hosting/mailbox/a@example.com", secrets=["password"]),
    )
    assert (domain.code, str(domain.location)) == ("unsupported-field", "example.com.backup_mx:1:1")
    assert domain.hint == "leave it out, or use a provider that has it: other"
    assert (mailbox.code, mailbox.hint) == ("unsupported-field", "leave it out")


def test_a_value_that_the_field_cannot_hold() -> None:
    """In the words of the provider."""
    [finding] = check(resource("hosting/mailbox/a@example.com", quota=1000))
    assert (finding.code, finding.message) == ("unsupported-value", "quota: must be a whole number of MiB")


def test_rules_see_a_whole_resource() -> None:
    """And name the field, whether it is given or not."""

    def rule(desired: Desired) -> list[tuple[str, str]]:
        return [("quota", "must be over 0")] if desired.fields.get("quota") == 0 else []

    capabilities = Capabilities("host", KINDS, None, rules=(rule,))
    [finding] = check(resource("hosting/domain/example.com", quota=0), capabilities=capabilities)
    assert (finding.code, finding.message) == ("unsupported-value", "quota: must be over 0")


def test_the_key_is_no_field_to_hold() -> None:
    """A webhook's url is what it is known by."""
    assert codes(resource("other/webhook/https://a.example", url="https://a.example")) == []


def test_an_unknown_provider_is_somebody_elses_error() -> None:
    """The reader's."""
    assert codes(resource("nobody/mailbox/a@example.com", quota=1)) == []


REQUIRED = Policies(require_addresses=("postmaster", "abuse"))


@pytest.mark.parametrize(
    ("resources", "missing"),
    [
        ([], ["postmaster", "abuse"]),
        ([resource("hosting/alias/postmaster@example.com")], ["abuse"]),
        ([resource("hosting/alias/abuse@example.com"), resource("hosting/mailbox/postmaster@example.com")], []),
        ([resource("hosting/domain/example.com", catch_all=("a@b.example",))], []),
        ([resource("hosting/domain/example.com", catch_all=None)], ["postmaster", "abuse"]),
        ([resource("hosting/alias/abuse@example.com", active=False)], ["postmaster", "abuse"]),
        ([resource("hosting/alias/abuse@other.example")], ["postmaster", "abuse"]),
    ],
)
def test_every_domain_answers_what_it_must(resources: list[Desired], missing: list[str]) -> None:
    """By mailbox, alias or catch_all; what is switched off does not answer."""
    found = check(*resources, policies=REQUIRED)
    assert {finding.code for finding in found} <= {"required-address-missing"}
    assert [finding.message.split()[-1] for finding in found] == [f"{local}@example.com" for local in missing]
    assert {finding.address for finding in found} <= {"hosting/domain/example.com"}


@pytest.mark.parametrize(("allowed", "severity"), [(True, "warning"), (False, "error")])
def test_an_alias_and_a_mailbox_share_an_address(allowed: bool, severity: str) -> None:
    """An error where the provider refuses it."""
    pair = resource("hosting/alias/a@example.com"), resource("hosting/mailbox/a@example.com")
    [finding] = check(*pair, capabilities=Capabilities("host", KINDS, None, alias_beside_mailbox=allowed))
    assert (finding.code, finding.severity) == ("alias-shadowed", severity)
    assert finding.hint == "the mailbox is at a@example.com.None:1:1"


def mailboxes(*quotas: Value) -> list[Desired]:
    return [resource(f"hosting/mailbox/m{n}@example.com", quota=quota) for n, quota in enumerate(quotas)]


@pytest.mark.parametrize(
    ("domain", "children", "field"),
    [
        ({"max_mailboxes": 1}, mailboxes(GIB, GIB), "max_mailboxes"),
        ({"max_mailboxes": 2}, mailboxes(GIB, GIB), None),
        ({"max_mailboxes": 0}, mailboxes(GIB), "max_mailboxes"),
        ({"max_aliases": 0}, [resource("hosting/alias/a@example.com")], "max_aliases"),
        ({"max_aliases": 0, "catch_all": ("a@b.example",)}, [], None),
        ({"quota": 3 * GIB}, mailboxes(2 * GIB, GIB), None),
        ({"quota": 3 * GIB}, mailboxes(2 * GIB, 2 * GIB), "quota"),
        ({"quota": None}, mailboxes(2 * GIB), None),
        ({"max_mailbox_quota": GIB}, mailboxes(GIB), None),
        ({"max_mailbox_quota": GIB}, mailboxes(2 * GIB), "quota"),
        ({"max_mailbox_quota": "unlimited"}, mailboxes(2 * GIB), None),
    ],
)
def test_limits_of_a_domain(domain: dict[str, Any], children: list[Desired], field: str | None) -> None:
    """Counts, storage together, storage of one; as far as the manifest gives them."""
    lenient = KindCapability(frozenset(), {field: FieldCapability(anything) for field in FIELDS["domain"]})
    capabilities = Capabilities("host", {**KINDS, "domain": lenient}, None)
    found = check(resource("hosting/domain/example.com", **domain), *children, capabilities=capabilities)
    assert [finding.code for finding in found] == (["limit-exceeded"] if field else [])
    assert all(str(finding.location).endswith(f".{field}:1:1") for finding in found)


def test_a_catch_all_counts_where_it_is_an_alias() -> None:
    """As the provider says."""
    domain = resource("hosting/domain/example.com", max_aliases=0, catch_all=("a@b.example",))
    assert codes(domain, capabilities=Capabilities("host", KINDS, None, catch_all_is_alias=True)) == ["limit-exceeded"]
