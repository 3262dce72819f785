"""Emulated provider APIs over real HTTP, for trying mailsync out and for testing it; nothing leaves 127.0.0.1.

Each emulator is written from its vendor's documentation and knows no adapter: it refuses what the vendor would refuse."""

from .accounts import CREDENTIALS, manifest_snippet
from .options import SandboxOptions
from .recording import RecordedRequest
from .server import Sandbox, serve

__all__ = ["CREDENTIALS", "RecordedRequest", "Sandbox", "SandboxOptions", "manifest_snippet", "serve"]
