"""References to secrets. A reference says where a value is; it never holds it, with one exception that masks itself."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SecretRef:
    """`${scheme:path}` as a manifest has it. *base* is the folder that a relative file path starts from."""

    scheme: str
    path: str
    base: str = ""

    def __str__(self) -> str:
        return f"${{{self.scheme}:{self.path}}}"


@dataclass(frozen=True, slots=True)
class Plaintext:
    """A secret that stands in the manifest itself. Its value shows in no repr, str, comparison failure or traceback."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        return "(sensitive)"


Secret = SecretRef | Plaintext


@dataclass(frozen=True, slots=True)
class VersionedSecret:
    """A write-only field: where its value comes from, and the version whose change makes mailsync send it again."""

    source: Secret
    version: int = 1
