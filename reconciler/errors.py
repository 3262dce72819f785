"""Everything that can go wrong through a user or a provider, with its exit code, its place and what to do about it.

    MailsyncError               exit 1
    ├── InvalidInput            findings in manifests, all at once
    ├── UsageError              exit 64: the command line
    ├── Refused                 exit 3: a guard
    ├── SecretUnavailable       a reference that cannot be resolved
    ├── ProviderError           a call that failed; names the call
    │   ├── AuthenticationFailed
    │   ├── Rejected            the provider refused it, in its own words
    │   │   ├── NotFound
    │   │   └── AlreadyExists
    │   ├── BrokenContract      an answer that is not what the contract says
    │   ├── RateLimited         a wait too long to sleep through
    │   ├── Unreachable         no usable answer; nothing was changed
    │   ├── OutcomeUnknown      a write that may or may not have happened
    │   └── HostRefused         a host that is not allowed
    └── StateError              the ledger cannot be read or written
        ├── NoLedger            nothing was ever applied
        ├── StateLocked         exit 4
        └── StateOvertaken      somebody else wrote in between

One place (`reconciler.cli`) turns them into text and exit codes.
"""

from collections.abc import Iterable
from typing import ClassVar

from reconciler.model.location import Diagnostic, Location


class MailsyncError(Exception):
    """*message* says what is wrong, *hint* what to do; neither holds a secret. *code* is stable and kebab-case."""

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "error"

    def __init__(
        self, message: str, *, hint: str | None = None, at: Location | None = None, address: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.at = at
        self.address = address

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return (Diagnostic("error", self.code, self.message, self.hint, self.at, self.address),)


class InvalidInput(MailsyncError):
    """The manifest, or something else that a user wrote, has errors: all of them, with warnings beside them."""

    code = "invalid"

    def __init__(self, findings: Iterable[Diagnostic]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(finding.message for finding in self.findings))

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return self.findings


class UsageError(MailsyncError):
    exit_code = 64
    code = "usage"


class Refused(MailsyncError):
    """A guard said no, before the first write."""

    exit_code = 3
    code = "refused"


class SecretUnavailable(MailsyncError):
    code = "secret-unavailable"


class ProviderError(MailsyncError):
    """A call to a provider failed. *call* is `POST mailboxes` or the like, without credentials or secrets."""

    code = "provider-error"

    def __init__(
        self, message: str, *, provider: str = "", call: str = "", hint: str | None = None, status: int | None = None
    ) -> None:
        where = ": ".join(part for part in (provider, call) if part)
        super().__init__(f"{where}: {message}" if where else message, hint=hint)
        self.provider = provider
        self.call = call
        self.reason = message
        self.status = status


class AuthenticationFailed(ProviderError):
    code = "authentication-failed"


class Rejected(ProviderError):
    code = "rejected"


class NotFound(Rejected):
    code = "not-found"


class AlreadyExists(Rejected):
    code = "already-exists"


class BrokenContract(ProviderError):
    code = "broken-contract"


class RateLimited(ProviderError):
    code = "rate-limited"


class Unreachable(ProviderError):
    code = "unreachable"


class OutcomeUnknown(ProviderError):
    code = "outcome-unknown"


class HostRefused(ProviderError):
    code = "host-refused"


class StateError(MailsyncError):
    code = "state-error"


class NoLedger(StateError):
    code = "no-ledger"


class StateLocked(StateError):
    exit_code = 4
    code = "state-locked"


class StateOvertaken(StateError):
    code = "state-overtaken"
