"""The one account that exists at each emulated API, and the manifest lines that use it."""

from __future__ import annotations

from collections.abc import Mapping

from . import emailverify, imply, improvmx_account, mailserver, tempmail
from .server import Sandbox

CREDENTIALS: Mapping[str, Mapping[str, str]] = {
    "mailserver": {"api_key": mailserver.API_KEY},
    "imply": {"email": imply.EMAIL, "password": imply.PASSWORD},
    "improvmx": {"api_key": improvmx_account.API_KEY},
    "improvmx-v2": {"api_key": improvmx_account.API_KEY},
    "tempmail": {"api_key": tempmail.API_KEY},
    "emailverify": {"api_key": emailverify.API_KEY},
}


def manifest_snippet(sandbox: Sandbox) -> str:
    """A `providers:` block in YAML for all APIs of a running *sandbox*, each entry named like its API."""
    lines = ["providers:"]
    for api, credentials in CREDENTIALS.items():
        lines += [f"  {api}:", *(f"    {name}: {value}" for name, value in _settings(sandbox, api, credentials))]
    return "\n".join(lines) + "\n"


def _settings(sandbox: Sandbox, api: str, credentials: Mapping[str, str]) -> list[tuple[str, str]]:
    settings = [("type", api.partition("-")[0]), ("base_url", sandbox.url(api))]
    if api == "improvmx-v2":
        settings.append(("api_version", "v2"))
    settings += credentials.items()
    if api == "imply" and sandbox.options.totp_secret is not None:
        settings.append(("totp_secret", sandbox.options.totp_secret))
    return settings
