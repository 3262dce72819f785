"""How long reading a manifest takes, beside what PyYAML alone takes for the same text in the same run.

    python tests/benchmarks/bench_manifests.py [N ...]

Prints CPU microseconds per resource, medians of five. Look at the ratios, not at the numbers. Of N resources 2 % are
domains, 68 % mailboxes with nine fields, 30 % aliases; each is some 9 lines and 240 bytes."""

import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from reconciler import manifests
from reconciler.manifests import nodes, positions
from reconciler.model.manifest import ManifestRequest
from reconciler.providers.registry import installed
from reconciler.validate import validate

HEAD = """\
version: 1
providers:
  hosting: {type: mailserver, base_url: https://mail.example.com/api/v1, api_key: '${env:KEY}'}
domains:
"""


def manifest(resources: int) -> str:
    domains = max(1, resources * 2 // 100)
    mailboxes, aliases = resources * 68 // 100 // domains, resources * 30 // 100 // domains
    return HEAD + "".join("".join(domain(number, mailboxes, aliases)) for number in range(domains))


def domain(number: int, mailboxes: int, aliases: int) -> Iterator[str]:
    name = f"d{number:05d}.example.com"
    yield f"  {name}:\n    provider: hosting\n    description: Domain number {number}\n    mailboxes:\n"
    for n in range(mailboxes):
        yield (
            f"      user{n:06d}:\n        name: User Number {n}\n        quota: {1 + n % 8} GiB\n"
            f"        password: ${{env:PASSWORD_{n}}}\n        password_version: 2\n        active: true\n"
            "        tls_enforce_in: false\n        tls_enforce_out: false\n        protect: true\n"
        )
    yield "    aliases:\n"
    for n in range(aliases):
        goto = "".join(f"          - user{(n * 7 + k) % mailboxes:06d}@{name}\n" for k in range(1 + n % 3))
        yield f"      alias{n:06d}:\n        destinations:\n{goto}        active: true\n        description: Group {n}\n"


def cpu(run: Callable[[], object]) -> float:
    """Median seconds of five runs, each with a collected heap, the first one not counted."""
    taken = []
    for _ in range(6):
        gc.collect()
        began = time.process_time()
        run()
        taken.append(time.process_time() - began)
    return statistics.median(taken[1:])


def pyyaml(raw: bytes) -> None:
    with nodes.no_cyclic_gc():
        yaml.load(raw, yaml.CSafeLoader)


def measure(resources: int, folder: Path) -> None:
    raw = manifest(resources).encode()
    (folder / "mailsync.yaml").write_bytes(raw)
    request, types = ManifestRequest(str(folder)), installed()
    read = manifests.load(request, types)
    capabilities = {name: types[c.type].capabilities(c.settings) for name, c in read.providers.items()}
    rows: dict[str, Callable[[], object]] = {
        "yaml.load(CSafeLoader)": lambda: pyyaml(raw),
        "manifests.load": lambda: manifests.load(request, types),
        "  of which nodes.parse": lambda: nodes.parse(raw, "m"),
        "positions, when asked": lambda: positions.index(raw),
        "validate": lambda: validate(read, capabilities),
    }
    taken = {name: cpu(run) for name, run in rows.items()}
    print(f"{len(read.resources)} resources, {len(raw) / len(read.resources):.0f} bytes each")
    for name, seconds in taken.items():
        ratio = seconds / taken["yaml.load(CSafeLoader)"]
        print(f"  {name:24} {seconds / len(read.resources) * 1e6:6.1f} µs  {ratio:5.2f}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for resources in map(int, sys.argv[1:] or ("1000", "10000")):
            measure(resources, Path(folder))


if __name__ == "__main__":
    main()
