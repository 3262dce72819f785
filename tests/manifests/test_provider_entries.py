"""`providers:`: what is checked of settings that are not known yet, and what a plug-in can do wrong."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from manifest_fakes import HEAD, PROVIDERS, FakeProvider, load, refused, write

from reconciler import manifests
from reconciler.errors import InvalidInput, MailsyncError
from reconciler.model.location import Diagnostic
from reconciler.model.manifest import Manifest, ManifestRequest, ProviderConfig, Setting
from reconciler.model.secret import SecretRef
from reconciler.providers.base import Provider


def test_settings_are_kept_as_written(tmp_path: Path) -> None:
    """Without the type, without defaults, references unresolved."""
    manifest = load(tmp_path, "providers: {p: {type: imply, token: '${env:T}', timeout: 5, verify_tls: false}}\n")
    settings: dict[str, Setting] = {"token": SecretRef("env", "T"), "timeout": 5, "verify_tls": False}
    assert manifest.providers == {"p": ProviderConfig("p", "imply", settings)}


@pytest.mark.parametrize(
    "settings", ["email: a@b.example, password: '${env:P}'", "token: '${env:T}'", "token: '${file:t}'"]
)
def test_a_reference_is_there(tmp_path: Path, settings: str) -> None:
    """A check that a setting is missing does not mean one that is given by reference."""
    load(tmp_path, f"providers: {{p: {{type: imply, {settings}}}}}\n")


@pytest.mark.parametrize(
    "setting", ["timeout", "concurrency", "rate_limit", "verify_tls", "base_url", "api_version", "ca_file", "email"]
)
def test_what_a_reference_holds_is_not_checked(tmp_path: Path, setting: str) -> None:
    """It is not known."""
    load(tmp_path, f"providers: {{p: {{type: imply, token: '${{env:T}}', {setting}: '${{env:X}}'}}}}\n")


def test_a_computed_setting_is_checked(tmp_path: Path) -> None:
    """Its type as well."""
    head = "vars: {type: imply, seconds: 5}\nproviders:\n  p: {type: '{{ vars.type }}', token: '${env:T}', timeout: "
    assert load(tmp_path, head + "'{{ vars.seconds }}'}\n").providers["p"].settings["timeout"] == 5
    assert refused(tmp_path, head + "'{{ vars.seconds }}s'}\n")[0].code == "wrong-type"


def test_a_provider_that_is_wrong_is_still_there(tmp_path: Path) -> None:
    """So domains that name it are not told that there is none."""
    text = "providers: {p: {type: imply}, q: {type: nope}}\ndomains: {a.example: {provider: p}, b.example: {provider: q}}\n"
    assert [finding.code for finding in refused(tmp_path, text)] == ["invalid-value", "unknown-type"]


class Plugins(Mapping[str, Provider]):
    """One that cannot be loaded."""

    def __getitem__(self, name: str) -> Provider:
        raise MailsyncError("the provider type 'acme' does not load", hint="upgrade it")

    def __contains__(self, name: object) -> bool:
        return name == "acme"

    def __iter__(self) -> Iterator[str]:
        return iter(["acme"])

    def __len__(self) -> int:
        return 1


def test_a_plug_in_that_does_not_load_is_a_finding(tmp_path: Path) -> None:
    """At the line that names it; and only there."""
    write(tmp_path, "providers: {p: {type: acme}}\n")
    with pytest.raises(InvalidInput) as caught:
        manifests.load(ManifestRequest(str(tmp_path)), Plugins())
    [finding] = caught.value.findings
    assert (str(finding.location), finding.hint) == ("mailsync.yaml:1:23", "upgrade it")
    write(tmp_path, "vars: {}\n")
    manifests.load(ManifestRequest(str(tmp_path)), Plugins())


def test_further_checks_are_told_in_the_same_breath(tmp_path: Path) -> None:
    """Also where only a part of the manifest is right; but not where a file could not be read."""

    def count(manifest: Manifest) -> tuple[Diagnostic, ...]:
        return (Diagnostic("warning", "count", f"{len(manifest.resources)} resources"),)

    write(tmp_path, HEAD + "domains: {example.com: {mailboxes: {a: , b: {quota: 5}, 'c d': }}}\n")
    with pytest.raises(InvalidInput) as caught:
        manifests.load(ManifestRequest(str(tmp_path)), PROVIDERS, checks=(count,))
    assert [finding.code for finding in caught.value.findings] == ["count", "invalid-value", "invalid-name"]
    assert caught.value.findings[0].message == "3 resources"
    write(tmp_path, HEAD + "domains: [\n")
    with pytest.raises(InvalidInput) as caught:
        manifests.load(ManifestRequest(str(tmp_path)), PROVIDERS, checks=(count,))
    assert [finding.code for finding in caught.value.findings] == ["syntax"]


def test_the_schemes_are_an_argument(tmp_path: Path) -> None:
    """Packages can add some."""
    write(tmp_path, HEAD + "domains: {example.com: {mailboxes: {a: {password: '${vault:secret/a#pw}'}}}}\n")
    manifest = manifests.load(ManifestRequest(str(tmp_path)), PROVIDERS, ("env", "vault"))
    [_, mailbox] = manifest.resources.values()
    assert mailbox.secrets["password"].source == SecretRef("vault", "secret/a#pw", str(tmp_path))


def test_fakes_are_providers() -> None:
    """What these tests use is what the protocol asks for."""
    provider: Provider = FakeProvider("x", PROVIDERS["imply"].settings)
    assert provider.capabilities({}).kinds == {}
