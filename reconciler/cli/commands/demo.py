"""`mailsync demo`

Every step is the command that a user would type, run against a private sandbox over real HTTP; the demo only checks that
each did what it says.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

import click

from reconciler.cli import run
from reconciler.cli.terminal import Terminal
from reconciler.errors import MailsyncError

EXAMPLE = "company"
# In an installed package the example lies beside this module's package, in a checkout at the top.
_PLACES = (Path(__file__).parents[2] / "examples" / EXAMPLE, Path(__file__).parents[3] / "examples" / EXAMPLE)
# What the example's manifest refers to, besides the credentials of the sandbox.
_SECRETS = ("JANE_PASSWORD", "JOHN_PASSWORD", "BILLING_PASSWORD", "EMPFANG_PASSWORD", "WEBHOOK_SECRET")


@click.command("demo", epilog="Example: mailsync demo")
@click.pass_obj
def command(terminal: Terminal, /) -> int:
    """Watch the whole loop: plan, apply, plan again (no changes), somebody's change at the provider, its repair.

    Everything happens on this machine, on a private sandbox that is gone afterwards. Exit code 0 only if each step really
    did what it says.
    """
    from reconciler.sandbox import CREDENTIALS, Sandbox

    with tempfile.TemporaryDirectory(prefix="mailsync-demo-") as folder, Sandbox() as sandbox:
        copytree(_example(), folder, dirs_exist_ok=True)
        neighbour = _Neighbour(sandbox.url("mailserver"), CREDENTIALS["mailserver"]["api_key"])
        options = ("--var", f"sandbox=http://127.0.0.1:{sandbox.port}")
        with _environment(environment(CREDENTIALS)):
            return _Story(terminal, folder, options, neighbour).tell()


def environment(credentials: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The variables that the example's manifest refers to, for a sandbox with these credentials."""
    variables = {
        f"{api.upper()}_{name.upper()}": value for api, given in credentials.items() for name, value in given.items()
    }
    return variables | {name: f"demo-{name.lower()}" for name in _SECRETS}


def _example() -> Path:
    for place in _PLACES:
        if place.is_dir():
            return place
    raise MailsyncError("the example that the demo runs is not installed", hint="install mailsync again")


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before, directory = dict(os.environ), Path.cwd()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        os.chdir(directory)


@dataclass(frozen=True, slots=True)
class _Neighbour:
    """Somebody who clicks in the provider's web page, past mailsync."""

    base_url: str
    key: str

    def redirect_sales(self) -> None:
        import httpx

        with httpx.Client(base_url=self.base_url, headers={"Authorization": f"Bearer {self.key}"}) as client:
            [alias] = [a for a in client.get("/aliases").json() if a["address"] == "sales@example.com"]
            body = {"address": alias["address"], "goto": "mallory@elsewhere.example", "active": True}
            client.put(f"/aliases/{alias['id']}", json=body).raise_for_status()
            client.delete("/mailboxes/billing@example.com").raise_for_status()


@dataclass(frozen=True, slots=True)
class _Story:
    terminal: Terminal
    folder: str
    options: tuple[str, ...]
    neighbour: _Neighbour

    def tell(self) -> int:
        steps: tuple[tuple[str, Callable[[], bool]], ...] = (
            ("A dry run first, always: nothing exists yet, so everything is to be created.", self._plan(2)),
            ("Apply it. A pipeline would run this on merge.", self._mailsync(0, "apply", "--auto-approve")),
            ("Plan again: what was written is there, so there is nothing to do.", self._plan(0)),
            ("Now somebody clicks in the provider's web page: sales@ goes elsewhere, billing@ is gone.", self._tamper),
            ("What changed behind our back?", self._mailsync(2, "drift")),
            ("The plan repairs it, and says who gets mail back.", self._plan(2)),
            ("Repair it.", self._mailsync(0, "apply", "--auto-approve")),
            ("And all is as the manifest says again.", self._plan(0)),
            ("No drift either.", self._mailsync(0, "drift")),
        )
        for number, (text, step) in enumerate(steps, 1):
            self.terminal.out(f"\n{number}. {text}")
            if not step():
                self.terminal.error(f"the demo failed at step {number}")
                return 1
        self.terminal.out("\nThat was the whole loop. Next: mailsync sandbox, and a manifest of your own.")
        return 0

    def _plan(self, code: int) -> Callable[[], bool]:
        return self._mailsync(code, "plan", "--detailed-exitcode")

    def _mailsync(self, code: int, name: str, *arguments: str) -> Callable[[], bool]:
        def step() -> bool:
            self.terminal.out(f"   $ mailsync {' '.join((name, *arguments))}\n")
            return run(["-q", "-C", self.folder, name, *self.options, *arguments]) == code

        return step

    def _tamper(self) -> bool:
        self.neighbour.redirect_sales()
        return True
