"""A project folder with a manifest, and `mailsync` as a user calls it there."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli import run
from reconciler.sandbox import Sandbox

CANARY = "canary-Zq7#pass word/ü"


@dataclass(frozen=True)
class Result:
    """What a command gave back: its exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


class Project:
    """A folder with a manifest, and the provider that it talks to."""

    def __init__(self, folder: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.sandbox, self._capsys = folder, sandbox, capsys

    def write(self, text: str, name: str = "mailsync.yaml") -> None:
        """Writes a manifest; HEAD stands for the version and a provider `hosting` at the sandbox."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("HEAD\n", self.head), encoding="utf-8")

    @property
    def head(self) -> str:
        return (
            "version: 1\n"
            "providers:\n"
            "  hosting:\n"
            "    type: mailserver\n"
            f"    base_url: {self.sandbox.url('mailserver')}\n"
            "    api_key: ${env:MAILSERVER_API_KEY}\n"
            "    rate_limit: none\n"
        )

    def mailsync(self, *arguments: str) -> Result:
        """Runs a command in this process, in the project's folder."""
        here = Path.cwd()
        self._capsys.readouterr()
        try:
            code = run(["-C", str(self.folder), *arguments])
        finally:
            os.chdir(here)
        captured = self._capsys.readouterr()
        return Result(code, captured.out, captured.err)

    def apply(self, *arguments: str) -> Result:
        result = self.mailsync("apply", "--auto-approve", *arguments)
        assert result.code == 0, result
        return result

    def calls(self) -> list[str]:
        """The calls that the provider got, as `METHOD path`, without the listings."""
        return [f"{r.method} {r.path}" for r in self.sandbox.requests if r.method != "GET"]

    @property
    def state(self) -> Any:
        return json.loads((self.folder / ".mailsync" / "state.json").read_text())
