"""How a sandbox behaves: what it keeps, how slow, limited and unreliable it is, and what its accounts may hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from . import limits

Plan = Literal["Free", "Starter", "Professional", "Enterprise"]


@dataclass(frozen=True)
class SandboxOptions:
    """All have a default that suits a quick, reliable, unlimited run in memory. ValueError for what makes no sense."""

    data: Path | None = None  # folder that keeps everything across restarts; None: in memory
    latency: float = 0.0  # seconds, each answer is held that long
    rate_limit: str | None = None  # None or "none"; "documented": each API's own; "60/min", "10/s": that for all
    fault_rate: float = 0.0  # share of the requests that go wrong, 0 to 1
    seed: int = 0  # of the faults: the same requests meet the same faults
    token_lifetime: int = 3600  # seconds, imply's access tokens
    totp_secret: str | None = None  # imply: 2FA is on, with this base32 secret
    tempmail_addresses: int | None = None  # addresses one account may hold; None: as many as it likes
    improvmx_domains: int = 10_000  # per account
    improvmx_aliases: int = 10_000  # per domain
    improvmx_destinations: int = 100  # per alias
    emailverify_plan: Plan = "Professional"  # decides its rate limit
    emailverify_credits: int = 1_000_000  # what the account has bought
    emailverify_job_seconds: float = 1.0  # how long a bulk job takes

    def __post_init__(self) -> None:
        if self.rate_limit not in (None, "none", "documented"):
            limits.parse(self.rate_limit)
        if not 0 <= self.fault_rate <= 1:
            raise ValueError(f"a fault rate is between 0 and 1, not {self.fault_rate}")
