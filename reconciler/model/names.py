"""Domain names, e-mail addresses and resource addresses, in the one form in which they are compared.

A domain name is lower-case A-labels (`xn--mnchen-3ya.example`); an e-mail address is lower-case with such a domain.
What people read is `shown_domain` and `shown_address` (U-labels). Functions here raise ValueError; whoever knows the
place adds it.
"""

import re
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Literal, NamedTuple, NewType

import idna

DomainName = NewType("DomainName", str)
EmailAddress = NewType("EmailAddress", str)
Kind = Literal["domain", "mailbox", "alias", "webhook"]
KINDS: tuple[Kind, ...] = ("domain", "mailbox", "alias", "webhook")

# RFC 5321 dot-atom and RFC 1035 names: what nearly all names are. Everything else goes through the libraries, which
# give the reason when they refuse, but cost some fifty times as much.
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PLAIN_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
# What no regular expression that is worth writing consists of alone.
_PLAIN_KEY = re.compile(r"[A-Za-z0-9._+-]{1,64}")
_PLAIN_DOMAIN = re.compile(rf"(?!.{{254}})(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])")


@lru_cache(maxsize=65536)
def domain_name(text: str) -> DomainName:
    """The domain in lower-case A-labels. Raises ValueError when *text* is no domain name."""
    lowered = text.lower()
    if _PLAIN_DOMAIN.fullmatch(lowered) and "xn--" not in lowered:
        return DomainName(lowered)
    if lowered.endswith("."):
        raise ValueError(f"{text!r} is not a domain name: leave out the dot at the end")
    try:
        encoded = idna.encode(text, uts46=True).decode("ascii").lower()
        idna.decode(encoded)
    except (idna.IDNAError, UnicodeError) as error:
        raise ValueError(f"{text!r} is not a domain name: {error}") from None
    if "." not in encoded:
        raise ValueError(f"{text!r} is not a domain name: it has no dot")
    if not _PLAIN_DOMAIN.fullmatch(encoded):
        raise ValueError(f"{text!r} is not a domain name: its last label is {encoded.rpartition('.')[2]!r}")
    return DomainName(encoded)


@lru_cache(maxsize=4096)
def shown_domain(domain: str) -> str:
    """The domain in U-labels, for people. What cannot be decoded is shown as it is."""
    if "xn--" not in domain:
        return domain
    try:
        return idna.decode(domain)
    except (idna.IDNAError, UnicodeError):
        return domain


def local_part(text: str) -> str:
    """The part before the @, in lower case. Raises ValueError."""
    lowered = text.lower()
    if _PLAIN_LOCAL.fullmatch(lowered) and len(lowered) <= 64:
        return lowered
    if "@" in text:
        raise ValueError(f"{text!r} is not a local part: write what stands before the @ only")
    try:
        return email_address(f"{text}@example.com").rpartition("@")[0]
    except ValueError as error:
        reason = str(error).partition(": ")[2]
        raise ValueError(f"{text!r} is not the local part of an address: {reason}") from None


def email_address(text: str) -> EmailAddress:
    """The address in lower case, its domain in A-labels. Raises ValueError when *text* is no address."""
    local, at, domain = text.rpartition("@")
    lowered = local.lower()
    if at and _PLAIN_LOCAL.fullmatch(lowered) and len(lowered) <= 64:
        return EmailAddress(f"{lowered}@{domain_name(domain)}")
    return _checked_address(text)


@lru_cache(maxsize=1024)
def _checked_address(text: str) -> EmailAddress:
    # Imported here: it costs start-up time and only odd or wrong addresses need it.
    from email_validator import EmailNotValidError, validate_email

    try:
        checked = validate_email(text, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise ValueError(f"{text!r} is not an e-mail address: {error}") from None
    if checked.ascii_local_part is None:
        raise ValueError(f"{text!r} is not an e-mail address that hosts accept: its local part is not ASCII")
    return EmailAddress(f"{checked.ascii_local_part.lower()}@{domain_name(checked.domain)}")


def domain_of(address: str) -> DomainName:
    """What stands after the last @ (all of it when there is none)."""
    return DomainName(address.rpartition("@")[2])


def shown_address(address: str) -> str:
    """An e-mail address, domain or other key with its domain in U-labels, for people."""
    if "xn--" not in address or "/" in address:
        return address
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{shown_domain(domain)}"


class ResourceAddress(NamedTuple):
    """PROVIDER/KIND/KEY: how a resource is called in plans, states and on the command line."""

    provider: str
    kind: Kind
    key: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.kind}/{self.key}"

    @property
    def domain(self) -> DomainName | None:
        """The domain that the resource is, or belongs to; None for a webhook."""
        return None if self.kind == "webhook" else domain_of(self.key)

    @classmethod
    def parse(cls, text: str) -> "ResourceAddress":
        """Reads PROVIDER/KIND/KEY and normalises the key. Raises ValueError."""
        provider, _, rest = text.partition("/")
        kind, slash, key = rest.partition("/")
        if not (provider and slash and key):
            raise ValueError(f"{text!r} is not a resource address: expected PROVIDER/KIND/KEY")
        match kind:
            case "domain":
                return cls(provider, kind, domain_name(key))
            case "mailbox":
                return cls(provider, kind, email_address(key))
            case "alias":
                return cls(provider, kind, alias_address(key))
            case "webhook":
                return cls(provider, kind, key)
            case _:
                raise ValueError(f"{text!r} is not a resource address: its kind must be one of {', '.join(KINDS)}")


def is_pattern(local: str) -> bool:
    """Whether the key of an alias, where it may be a regular expression, is one: then its case counts."""
    return not _PLAIN_KEY.fullmatch(local)


def alias_address(text: str) -> str:
    """An alias's address; where its local part may be a regular expression, its case is kept."""
    local, at, domain = text.rpartition("@")
    if not (local and at):
        raise ValueError(f"{text!r} is not an address")
    return f"{local if is_pattern(local) else local.lower()}@{domain_name(domain)}"


def matches(address: ResourceAddress, pattern: str) -> bool:
    """Whether a glob such as `hosting/alias/*@example.com` names *address*, in any case, with A-labels or U-labels."""
    text, glob = str(address), pattern.lower()
    return fnmatchcase(text.lower(), glob) or (
        "xn--" in text and fnmatchcase(f"{address.provider}/{address.kind}/{shown_address(address.key)}".lower(), glob)
    )
