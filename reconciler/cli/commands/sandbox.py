"""`mailsync sandbox`"""

from pathlib import Path

import click

from reconciler.cli.terminal import Terminal


@click.command("sandbox", epilog="Example: mailsync sandbox --port 8025 --data ./sandbox --rate-limit documented")
@click.option("--port", type=click.IntRange(0, 65535), default=8025, show_default=True, help="0: a free one.")
@click.option("--data", metavar="DIR", help="Keep what is created in DIR. Default: in memory.")
@click.option(
    "--latency", type=click.FloatRange(0, 60), default=0.0, metavar="SECONDS", help="Hold each answer so long."
)
@click.option("--rate-limit", metavar="LIMIT", help="`documented`, or the same for all: 60/min, 10/s.")
@click.option(
    "--fault-rate", type=click.FloatRange(0, 1), default=0.0, metavar="SHARE", help="Share of calls that fail."
)
@click.pass_obj
def command(
    terminal: Terminal, /, port: int, data: str | None, latency: float, rate_limit: str | None, fault_rate: float
) -> int:
    """Run emulated providers on 127.0.0.1, for trying things out: no account, no mail, nothing leaves this machine.

    Prints a `providers:` block to put into a manifest, and serves until it is interrupted.
    """
    from reconciler.sandbox import SandboxOptions, manifest_snippet, serve

    settings = SandboxOptions(Path(data) if data else None, latency, rate_limit, fault_rate)
    serve(settings, port, ready=lambda sandbox: terminal.out(manifest_snippet(sandbox)))
    return 0
