"""Which hosts may be talked to. Asked by every account before it sends, and by the pipeline before it resolves a
credential; knows no provider and imports no HTTP library."""

import ipaddress
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

import idna

from reconciler.errors import HostRefused

# Strict on purpose: what two parsers could read as two different hosts (a backslash, an @, blanks) is no URL here.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[^\s/?#@:\\\[\]%]+|\[[0-9a-f:.]+\])(?P<port>:\d{1,5})?(?P<path>/[^\s?#\\]*)?",
    re.IGNORECASE,
)


def normal_url(url: str) -> str:
    """*url* with its host in lower-case A-labels and no slash at the end. Raises ValueError when it is no plain http(s)
    URL: no user name, query or fragment."""
    match = _URL.fullmatch(url)
    if not match:
        # Not shown: what stands before an @ may be a password.
        raise ValueError("not a base URL: write for example https://mail.example.com/api/v1")
    path = (match["path"] or "").rstrip("/")
    return f"{match['scheme'].lower()}://{_a_labels(match['host'])}{match['port'] or ''}{path}"


def host_of(url: str) -> str:
    """The host of a normal URL, without brackets and a dot at the end."""
    match = _URL.fullmatch(url)
    assert match
    return match["host"].strip("[]").rstrip(".")


def check_host(
    url: str, *, allow_http: bool = False, allowed_hosts: Iterable[str] | None = None, provider: str = ""
) -> str:
    """The normal form of *url*, if it may be talked to; else raises HostRefused. *provider*: whose URL it is.

    *allowed_hosts*: globs that the lower-case A-label host has to match one of; None for any host."""
    try:
        normal = normal_url(url)
    except ValueError as error:
        raise HostRefused(str(error), provider=provider) from None
    host = host_of(normal)
    if allowed_hosts is not None and not any(fnmatchcase(host, _glob(glob)) for glob in allowed_hosts):
        hint = "MAILSYNC_ALLOWED_HOSTS says which hosts may be talked to"
        raise HostRefused(f"{host} is not among the allowed hosts", provider=provider, hint=hint)
    try:
        return check_scheme(normal, allow_http=allow_http)
    except ValueError as error:
        raise HostRefused(str(error), provider=provider) from None


def check_scheme(url: str, *, allow_http: bool) -> str:
    """The normal *url*. Raises ValueError when it would send credentials unencrypted beyond this machine."""
    if url.startswith("http:") and not allow_http and not is_loopback(host_of(url)):
        raise ValueError(
            "plain http:// would send credentials unencrypted: use https://, or set allow_http: true if the network "
            "between is trusted"
        )
    return url


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _a_labels(host: str) -> str:
    if host.isascii():
        return host.lower()
    try:
        return idna.encode(host, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise ValueError(f"{host!r} is not a host name: {error}") from None


def _glob(glob: str) -> str:
    glob = glob.strip()
    try:
        return _a_labels(glob)
    except ValueError:
        return glob.lower()
