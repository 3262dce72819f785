"""What a manifest says, as resources in normal form (interface, 1.3 to 1.5)."""

from pathlib import Path

import pytest
from manifest_fakes import HEAD, desired, fields, load, refused

from reconciler.model.manifest import ManagedDomain, Policies, StateConfig
from reconciler.model.names import DomainName, ResourceAddress
from reconciler.model.secret import Plaintext, SecretRef, VersionedSecret

DOMAIN = "hosting/domain/example.com"
GIB = 1024**3


def test_every_field(tmp_path: Path) -> None:
    """Of each kind, in its portable form; and nothing that is not given."""
    manifest = load(
        tmp_path,
        """\
providers: {p: {type: imply, token: '${env:T}'}}
domains:
  Example.COM:
    active: true
    description: The company
    catch_all: [B@x.example, a@X.example, b@x.example]
    quota: 500 GB
    default_mailbox_quota: 1.5 GiB
    max_mailbox_quota: unlimited
    max_mailboxes: 10
    max_aliases: 0
    backup_mx: false
    prune: none
    protect: true
    mailboxes:
      John:
        name: John Doe
        password: ${env:PW}
        password_version: 2
        quota: 5 GiB
        active: false
        force_password_update: true
        tls_enforce_in: true
        tls_enforce_out: false
        expires: never
        protect: true
    aliases:
      Info: {destinations: [c@x.example, A@x.example], active: true, description: null, protect: true}
webhooks:
  audit: {url: https://hooks.example/Mail, events: [b, a, b], secret: s, secret_version: 4, enabled: false, protect: true}
""",
    )
    assert fields(manifest, "p/domain/example.com") == {
        "active": True,
        "description": "The company",
        "catch_all": ("a@x.example", "b@x.example"),
        "quota": 500 * GIB,
        "default_mailbox_quota": GIB * 3 // 2,
        "max_mailbox_quota": "unlimited",
        "max_mailboxes": 10,
        "max_aliases": 0,
        "backup_mx": False,
    }
    assert fields(manifest, "p/mailbox/john@example.com") == {
        "name": "John Doe",
        "quota": 5 * GIB,
        "active": False,
        "force_password_update": True,
        "tls_enforce_in": True,
        "tls_enforce_out": False,
        "expires": "never",
    }
    alias = {"destinations": ("a@x.example", "c@x.example"), "active": True, "description": None}
    assert fields(manifest, "p/alias/info@example.com") == alias
    webhook = desired(manifest, "p/webhook/https://hooks.example/Mail")
    assert webhook.fields == {"url": "https://hooks.example/Mail", "events": ("a", "b"), "enabled": False}
    assert webhook.secrets == {"secret": VersionedSecret(Plaintext("s"), 4)}
    mailbox = desired(manifest, "p/mailbox/john@example.com")
    assert mailbox.secrets == {"password": VersionedSecret(SecretRef("env", "PW"), 2)}
    assert all(resource.protect for resource in manifest.resources.values())
    assert manifest.domains == {"example.com": ManagedDomain(DomainName("example.com"), "p", True, "none")}
    assert manifest.prune(DomainName("example.com")) == "none"


def test_what_is_left_out_is_not_there(tmp_path: Path) -> None:
    """A field that is not managed is not null."""
    text = HEAD + "domains: {example.com: {mailboxes: {a: {}, b: }, aliases: {c: x@x.example}}, b.example: }\n"
    manifest = load(tmp_path, text)
    assert [dict(resource.fields) for resource in manifest.resources.values()] == [
        {},
        {},
        {},
        {"destinations": ("x@x.example",)},
        {},
    ]


def test_null_is_a_value(tmp_path: Path) -> None:
    """It clears. (Whether a provider can do that is another question.)"""
    text = HEAD + "domains: {example.com: {description: null, quota: ~, catch_all: , mailboxes: {a: {name: null}}}}\n"
    manifest = load(tmp_path, text)
    assert fields(manifest, DOMAIN) == {"description": None, "quota": None, "catch_all": None}
    assert fields(manifest, "hosting/mailbox/a@example.com") == {"name": None}


def test_empty_sections_are_empty(tmp_path: Path) -> None:
    """Also at the top."""
    load(tmp_path, HEAD + "vars:\nstate:\npolicies:\ntemplates:\ndomains:\nwebhooks:\nremoved:\nforget:\ninclude:\n")
    load(tmp_path, HEAD + "domains: {example.com: {mailboxes: , aliases: }}\n")
    assert load(tmp_path, "").resources == {}


@pytest.mark.parametrize("key", ["no", "on", "null", "007", "1e3", "true", "0x1F", "1.0", "~x"])
def test_local_parts_are_text(tmp_path: Path, key: str) -> None:
    """Whatever YAML 1.1 would make of them."""
    text = f"{HEAD}domains:\n  example.com:\n    mailboxes:\n      {key}:\n        name: x\n"
    assert fields(load(tmp_path, text), f"hosting/mailbox/{key}@example.com") == {"name": "x"}


def test_names_are_normal(tmp_path: Path) -> None:
    """Lower case, A-labels; of domains, destinations and consents alike."""
    manifest = load(
        tmp_path,
        HEAD
        + "domains: {MÜNCHEN.example: {aliases: {Info: Chef@Köln.example}}}\n"
        + "removed: [hosting/mailbox/Old@MÜNCHEN.example]\nforget: [hosting/domain/Köln.example]\n",
    )
    assert fields(manifest, "hosting/alias/info@xn--mnchen-3ya.example") == {
        "destinations": ("chef@xn--kln-sna.example",)
    }
    assert manifest.removed == {ResourceAddress("hosting", "mailbox", "old@xn--mnchen-3ya.example")}
    assert manifest.forget == {ResourceAddress("hosting", "domain", "xn--kln-sna.example")}


def test_the_star_is_the_catch_all(tmp_path: Path) -> None:
    """And no alias."""
    for written in ("'*': a@x.example", "'*': [a@x.example]", "'*': {destinations: [a@x.example]}"):
        manifest = load(tmp_path, f"{HEAD}domains: {{example.com: {{aliases: {{{written}}}}}}}\n")
        assert {str(a): dict(d.fields) for a, d in manifest.resources.items()} == {
            DOMAIN: {"catch_all": ("a@x.example",)}
        }


def test_an_unmanaged_domain_is_no_resource(tmp_path: Path) -> None:
    """Only its children are, and its catch_all where it is given."""
    text = HEAD + "domains: {example.com: {manage: false, prune: all, mailboxes: {a: }%s}}\n"
    manifest = load(tmp_path, text % "")
    assert list(map(str, manifest.resources)) == ["hosting/mailbox/a@example.com"]
    assert manifest.domains[DomainName("example.com")] == ManagedDomain(
        DomainName("example.com"), "hosting", False, "all"
    )
    assert fields(load(tmp_path, text % ", catch_all: a@x.example"), DOMAIN) == {"catch_all": ("a@x.example",)}


def test_aliases_may_be_patterns_and_destinations_urls_where_the_provider_can(tmp_path: Path) -> None:
    """Patterns keep their case."""
    manifest = load(
        tmp_path,
        "providers: {f: {type: improvmx, api_key: '${env:K}'}}\n"
        "domains:\n"
        "  example.com:\n"
        "    catch_all: https://hooks.example/In\n"
        "    aliases:\n"
        "      '(Sales|Info)-([A-Z]+)': $2@x.example\n"
        "      Plain: [https://hooks.example/In, a@x.example]\n",
    )
    aliases = [a.key for a in manifest.resources if a.kind == "alias"]
    assert aliases == ["(Sales|Info)-([A-Z]+)@example.com", "plain@example.com"]
    assert fields(manifest, "f/alias/plain@example.com")["destinations"] == ("a@x.example", "https://hooks.example/In")
    assert fields(manifest, "f/domain/example.com")["catch_all"] == ("https://hooks.example/In",)
    for wrong in ("'a b[c]'", "'a@b[c]'", "'(a'", "'" + "(" * 5000 + "'"):
        text = "providers: {f: {type: improvmx, api_key: '${env:K}'}}\ndomains: {e.example: {aliases: {? %s : a@x.example}}}\n"
        assert refused(tmp_path, text % wrong)[0].code == "invalid-name"


def test_webhooks_are_known_by_their_url_or_there_is_one(tmp_path: Path) -> None:
    """A provider with one single webhook calls it `default`; then it cannot be given twice."""
    head = "providers: {a: {type: imply, token: '${env:A}'}, t: {type: tempmail, token: '${env:B}'}}\n"
    manifest = load(
        tmp_path,
        head + "webhooks: {x: {provider: a, url: 'https://x.example/'}, y: {provider: t, url: 'https://x.example/'}}\n",
    )
    assert list(map(str, manifest.resources)) == ["a/webhook/https://x.example/", "t/webhook/default"]
    found = refused(tmp_path, head + "webhooks: {x: {provider: t}, y: {provider: t, url: 'https://y.example/'}}\n")
    assert [finding.code for finding in found] == ["given-twice"]
    assert "mailsync.yaml:2:12" in found[0].message


def test_policies_and_state(tmp_path: Path) -> None:
    """With their defaults."""
    manifest = load(tmp_path, HEAD)
    assert (manifest.policies, manifest.state) == (Policies(), StateConfig())
    text = (
        "policies: {prune: all, max_change_percent: 12.5, plaintext_secrets: deny, external_recipients: warn}\n"
        "state: {backend: s3, bucket: b, key: k, region: r, endpoint_url: 'https://s3.example'}\n"
    )
    manifest = load(tmp_path, text)
    assert manifest.policies == Policies("all", 12.5, (), "deny", "warn")
    settings = {"bucket": "b", "key": "k", "region": "r", "endpoint_url": "https://s3.example"}
    assert manifest.state == StateConfig("s3", settings)
    assert repr(load(tmp_path, "policies: {max_change_percent: 50}\n").policies.max_change_percent) == "50"


def test_plaintext_secrets_are_warnings_or_errors(tmp_path: Path) -> None:
    """As the policy says; passwords, secrets, credentials and passwords in URLs alike. No value is in any text."""
    text = (
        "providers: {p: {type: imply, email: a@b.example, password: hunter2}}\n"
        "state: {backend: postgres, url: 'postgresql://u:hunter2@db.example/x'}\n"
        "domains: {example.com: {mailboxes: {j: {password: hunter2}}}}\n"
        "webhooks: {w: {url: 'https://w.example/', secret: hunter2}}\n"
    )
    manifest = load(tmp_path, text)
    places = ["1:50", "2:28", "3:41", "4:43"]
    assert [(d.severity, str(d.location)) for d in manifest.diagnostics] == [
        ("warning", f"mailsync.yaml:{place}") for place in places
    ]
    assert "hunter2" not in repr(manifest) + str(manifest.diagnostics)
    assert manifest.providers["p"].settings["password"] == Plaintext("hunter2")
    found = refused(tmp_path, text + "policies: {plaintext_secrets: deny}\n")
    assert [(d.severity, d.code) for d in found] == [("error", "plaintext-secret")] * 4


def test_credentials_of_the_state_are_secrets(tmp_path: Path) -> None:
    """Whatever else stands beside them."""
    text = (
        "state: {backend: http, address: 'https://s.example/x', username: shown, password: hunter2, lock_address: y}\n"
    )
    manifest = load(tmp_path, text)
    assert manifest.state.settings["password"] == Plaintext("hunter2")
    assert manifest.state.settings["username"] == "shown"
    assert [finding.code for finding in manifest.diagnostics] == ["plaintext-secret"]


def test_two_entries_for_one_account(tmp_path: Path) -> None:
    """Are suspicious, and an error where one of them would delete what the other declares."""
    one, two = (
        "{type: imply, token: '${env:T}'}",
        "{type: imply, token: '${env:T}', base_url: 'https://SERVICE.example/api/v1/'}",
    )
    providers = f"providers: {{a: {one}, b: {two}, c: {{type: imply, token: '${{env:U}}'}}}}\n"
    [warning] = load(tmp_path, providers).diagnostics
    assert (warning.severity, warning.code, str(warning.location)) == ("warning", "same-account", "mailsync.yaml:1:50")
    assert refused(tmp_path, providers + "policies: {prune: all}\n")[0].severity == "error"
    assert refused(tmp_path, providers + "domains: {x.example: {provider: a, prune: all}}\n")[0].severity == "error"
    assert load(tmp_path, providers + "domains: {x.example: {provider: c, prune: all}}\n").diagnostics == (warning,)


def test_anchors_and_merge_keys_work_everywhere(tmp_path: Path) -> None:
    """What an anchor names is computed at each place by itself."""
    manifest = load(
        tmp_path,
        HEAD
        + "vars: {q: 1 GiB}\n"
        + "templates: {t: &base {aliases: &aliases {a: '{{ vars.ops | default(\"a@x.example\") }}'}}}\n"
        + "domains:\n"
        + "  a.example: {<<: *base, quota: '{{ vars.q }}'}\n"
        + "  b.example: {aliases: *aliases, mailboxes: {x: &box {quota: 1 GiB}, y: {<<: *box, name: Y}}}\n",
    )
    for domain in "ab":
        assert fields(manifest, f"hosting/alias/a@{domain}.example") == {"destinations": ("a@x.example",)}
    assert fields(manifest, "hosting/mailbox/y@b.example") == {"name": "Y", "quota": GIB}
