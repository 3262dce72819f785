"""The shapes of everything in a manifest: what keys there are and what values they take.

Validation yields exactly the keys that are given, with normalised values (sizes in bytes, sets as sorted tuples, secrets
as SecretRef or Plaintext), ready to be fields of a resource. The JSON Schema is derived from the same declarations, so
the descriptions here are what editors show. Anything that looks at more than one value is in `domains` or `assemble`.
"""

import re
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema, with_config
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

from reconciler.model import names, quantities
from reconciler.model.resources import as_set
from reconciler.model.secret import Plaintext, Secret, SecretRef

STRICT: Final = ConfigDict(extra="forbid", strict=True)
SIZE_PATTERN: Final = r"^\s*([0-9]+(\.[0-9]+)?\s*([KMGTkmgt][Ii]?[Bb])|[Uu][Nn][Ll][Ii][Mm][Ii][Tt][Ee][Dd])\s*$"
_URL = re.compile(r"https?://(?:[^\s/?#@]+@)?[^\s/?#@:\[\]]+(?::\d{1,5})?(?:[/?#]\S*)?", re.IGNORECASE)


def is_url(text: str) -> bool:
    return text[:8].lower().startswith(("http://", "https://"))


def _url(text: str) -> str:
    if not _URL.fullmatch(text) or not text.isprintable():
        raise ValueError("this is not an http(s) URL")
    return text


def _destination(text: str) -> str:
    return _url(text) if is_url(text) else names.email_address(text)


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _some(members: list[str]) -> tuple[str, ...]:
    if not members:
        raise ValueError("an empty list: name at least one destination")
    return as_set(members)


_parse_size = lru_cache(maxsize=1024)(quantities.parse_size)


def _size(value: Any) -> quantities.Size:
    if isinstance(value, str):
        return _parse_size(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"{value} has no unit: write for example '{value} MiB'")
    raise ValueError("a size is written with its unit, for example '5 GiB', or unlimited")


def _secret(value: Any) -> Secret:
    """Names no value in what it raises: a literal is a secret too."""
    if isinstance(value, SecretRef):
        return value
    if value is None:
        raise ValueError("cannot be null: a secret is replaced by another one, or left out")
    if not isinstance(value, str):
        raise ValueError("must be text or a reference: put it in quotes")
    if not value:
        raise ValueError("is empty")
    return Plaintext(value)


def _long_form(value: Any) -> Any:
    """The short forms of an alias are its destinations."""
    if isinstance(value, dict):
        return value
    if value is None:
        raise ValueError("an alias needs destinations")
    if not isinstance(value, str | list):
        raise ValueError("an alias is an address, a list of addresses, or a mapping")
    return {"destinations": _one_or_more(value)}


def _setting(value: Any) -> str | SecretRef:
    if isinstance(value, str | SecretRef):
        return value
    raise ValueError("must be text: put it in quotes")


def _format_version(number: int) -> int:
    if number != 1:
        raise ValueError(f"this mailsync reads version 1 of the format, not {number}")
    return number


def _no_expression(text: str) -> str:
    if "{{" in text:
        raise ValueError("an include cannot be computed: it is read before the variables are known")
    return text


_SIZE_SCHEMA: Final = {"type": "string", "pattern": SIZE_PATTERN, "examples": ["5 GiB", "500 MiB", "unlimited"]}
_SECRET_SCHEMA: Final = {"type": "string", "minLength": 1, "examples": ["${env:NAME}", "${file:secrets/name}"]}

Text = str
Flag = bool
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]
Size = Annotated[Any, PlainValidator(_size), WithJsonSchema(_SIZE_SCHEMA)]
SecretValue = Annotated[Any, PlainValidator(_secret), WithJsonSchema(_SECRET_SCHEMA)]
SettingText = Annotated[Any, PlainValidator(_setting), WithJsonSchema({"type": "string"})]
Expiry = Literal["1h", "1d", "3d", "never"]
Url = Annotated[str, AfterValidator(_url), Field(json_schema_extra={"format": "uri"})]
Destination = Annotated[str, AfterValidator(_destination), Field(examples=["john@example.com"])]
DestinationList = Annotated[list[Destination], AfterValidator(_some), Field(json_schema_extra={"minItems": 1})]
Destinations = Annotated[DestinationList, BeforeValidator(_one_or_more, json_schema_input_type=str | DestinationList)]
Events = Annotated[list[str], AfterValidator(as_set)]
LocalPart = Annotated[str, AfterValidator(names.local_part)]
# Not Literal[1]: true and 1.0 are equal to 1.
FormatVersion = Annotated[int, AfterValidator(_format_version), WithJsonSchema({"const": 1})]
Prune = Literal["owned", "all", "none"]

Protect = Annotated[bool, Field(description="Block deletion and replacement, also after it has left the manifest.")]
Active = Annotated[Flag | None, Field(description="Whether it receives mail.")]
Description = Annotated[Text | None, Field(description="Free text.")]
PruneMode = Annotated[
    Prune,
    Field(
        description="What is deleted when it is live and not in the manifest: what mailsync owns, "
        "everything, or nothing."
    ),
]


@with_config(STRICT)
class Mailbox(TypedDict, total=False):
    """A mailbox; its key is the local part. What is left out is not managed, null clears."""

    name: Annotated[Text | None, Field(description="Display name.")]
    password: Annotated[SecretValue, Field(description="Write-only; sent on create and when password_version changes.")]
    password_version: Annotated[Version, Field(description="Raise it to send the password again. Default 1.")]
    quota: Annotated[Size | None, Field(description="Storage, with its unit: KiB, MiB, GiB, TiB, or unlimited.")]
    active: Active
    force_password_update: Annotated[Flag | None, Field(description="The user must choose a new password at log-in.")]
    tls_enforce_in: Annotated[Flag | None, Field(description="Refuse incoming mail without TLS.")]
    tls_enforce_out: Annotated[Flag | None, Field(description="Refuse to send mail without TLS.")]
    expires: Annotated[Expiry | None, Field(description="When the mailbox goes by itself, counted from its creation.")]
    protect: Protect


@with_config(STRICT)
class AliasFields(TypedDict, total=False):
    """An alias; its key is the local part. Or, short: one destination, or a list of them."""

    destinations: Annotated[DestinationList, Field(description="Where its mail goes: addresses.")]
    active: Active
    description: Description
    protect: Protect


Alias = Annotated[AliasFields, BeforeValidator(_long_form, json_schema_input_type=str | DestinationList | AliasFields)]


@with_config(STRICT)
class Template(TypedDict, total=False):
    """Fields that several domains share; a domain takes them by `use`, and its own win. `{{ domain }}` is its name."""

    manage: Annotated[bool, Field(description="False: the domain is somebody else's, only its children are managed.")]
    active: Active
    description: Description
    catch_all: Annotated[
        Destinations | None, Field(description="Where mail to addresses that do not exist goes; null: nowhere.")
    ]
    quota: Annotated[Size | None, Field(description="Storage of all its mailboxes together, with its unit.")]
    default_mailbox_quota: Annotated[Size | None, Field(description="Quota of a mailbox that is given none.")]
    max_mailbox_quota: Annotated[Size | None, Field(description="The most that one mailbox can be given.")]
    max_mailboxes: Annotated[Count | None, Field(description="How many mailboxes it may have.")]
    max_aliases: Annotated[Count | None, Field(description="How many aliases it may have.")]
    backup_mx: Annotated[Flag | None, Field(description="Accept mail for it and pass it on to the primary server.")]
    prune: PruneMode
    protect: Protect
    mailboxes: Annotated[dict[str, Mailbox | None] | None, Field(description="By local part.")]
    aliases: Annotated[dict[str, Alias] | None, Field(description='By local part; "*" is the catch_all.')]


@with_config(STRICT)
class Domain(Template, total=False):
    """A domain; its key is the name. May be spread over several files."""

    provider: Annotated[str, Field(description="Its name under providers; may be left out when there is only one.")]
    use: Annotated[list[str], Field(description="Templates, by name; a later one wins over an earlier.")]


@with_config(STRICT)
class Webhook(TypedDict, total=False):
    """A webhook; its key is a name of your own."""

    provider: Annotated[str, Field(description="Its name under providers; may be left out when there is only one.")]
    url: Annotated[Url, Field(description="Where events are sent. Also what identifies the webhook.")]
    events: Annotated[Events | None, Field(description="Which events, in the provider's words.")]
    secret: Annotated[SecretValue, Field(description="Signs the events. Write-only, as a password.")]
    secret_version: Annotated[Version, Field(description="Raise it to send the secret again. Default 1.")]
    enabled: Annotated[Flag | None, Field(description="Whether events are sent.")]
    protect: Protect


@with_config(STRICT)
class Policies(TypedDict, total=False):
    prune: PruneMode
    max_change_percent: Annotated[
        float,
        Field(ge=0, le=100, description="Share of a provider's live resources that one apply may change. Default 30."),
    ]
    require_addresses: Annotated[
        list[LocalPart], Field(description="Local parts that every domain must answer, such as postmaster.")
    ]
    plaintext_secrets: Annotated[
        Literal["warn", "deny"], Field(description="What a password in the manifest itself gets. Default warn.")
    ]
    external_recipients: Annotated[
        Literal["allow", "warn", "deny"],
        Field(description="When mail will be read at an outside domain that no alias uses today. Default allow."),
    ]


@with_config(STRICT)
class LocalState(TypedDict, total=False):
    """A file beside the root manifest."""

    backend: Literal["local"]
    path: Annotated[SettingText, Field(description="Relative to the root directory. Default .mailsync/state.json")]


@with_config(STRICT)
class PostgresState(TypedDict, total=False):
    backend: Literal["postgres"]
    url: Annotated[SettingText, Field(description="postgresql://…; better a reference, for the password in it.")]


@with_config(STRICT)
class S3State(TypedDict, total=False):
    """An object in any S3-compatible store."""

    backend: Literal["s3"]
    bucket: SettingText
    key: SettingText
    region: SettingText
    endpoint_url: SettingText


@with_config(STRICT)
class HttpState(TypedDict, total=False):
    """Terraform's HTTP backend protocol, as GitLab serves it."""

    backend: Literal["http"]
    address: SettingText
    lock_address: SettingText
    unlock_address: SettingText
    username: SettingText
    password: SettingText


STATE_BACKENDS: Final[dict[str, Any]] = {
    "local": LocalState,
    "postgres": PostgresState,
    "s3": S3State,
    "http": HttpState,
}
REQUIRED_STATE: Final = {"postgres": ("url",), "s3": ("bucket", "key"), "http": ("address",)}


@with_config(STRICT)
class File(TypedDict, total=False):
    """One manifest file. All files together are one manifest."""

    version: Annotated[FormatVersion, Field(description="Of the manifest format.")]
    include: Annotated[
        list[Annotated[str, AfterValidator(_no_expression)]] | None,
        Field(description="Globs of further manifests, relative to this file; they stay below the root directory."),
    ]
    vars: Annotated[dict[str, Any] | None, Field(description="Values for {{ vars.NAME }}; --var overrides them.")]
    state: Annotated[dict[str, Any] | None, Field(description="Where the ledger is kept. Default: a local file.")]
    policies: Annotated[dict[str, Any] | None, Field(description="What an apply may do, and what is checked.")]
    providers: Annotated[dict[str, Any] | None, Field(description="The accounts, by names of your own.")]
    templates: Annotated[dict[str, Any] | None, Field(description="What domains share, by name.")]
    domains: Annotated[dict[str, Any] | None, Field(description="By domain name.")]
    webhooks: Annotated[dict[str, Any] | None, Field(description="By names of your own.")]
    removed: Annotated[
        list[str] | None,
        Field(description="Consent to delete what holds mail: addresses such as hosting/mailbox/old@example.com."),
    ]
    forget: Annotated[list[str] | None, Field(description="Give up ownership without deleting: addresses.")]
