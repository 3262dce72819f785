"""Writes the files that are generated from the code, or with --check says which of them are not current.

python tests/generated.py [--check]
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reconciler.manifests.schema import manifest_schema
from reconciler.providers.registry import installed
from reconciler.render.capabilities import markdown
from reconciler.render.document import plan_schema

ROOT = Path(__file__).parents[1]


def _providers() -> str:
    """docs/providers.md with its tables as the capabilities are now; the prose around them is written by hand."""
    text = (ROOT / "docs/providers.md").read_text(encoding="utf-8")
    for name, provider in installed().items():
        start, end = f"<!-- what {name} can hold: generated -->", "<!-- end -->"
        before, found, rest = text.partition(start)
        if not found:
            raise SystemExit(f"docs/providers.md has no place for {name}: write a section with {start} and {end}")
        text = f"{before}{start}\n{markdown(provider.capabilities({}))}\n{end}{rest.partition(end)[2]}"
    return text


def _json(make: Callable[[], Any]) -> str:
    return json.dumps(make(), ensure_ascii=False, indent=2) + "\n"


GENERATED: dict[str, Callable[[], str]] = {
    "schemas/manifest.schema.json": lambda: _json(lambda: manifest_schema(installed())),
    "schemas/plan.schema.json": lambda: _json(plan_schema),
    "docs/providers.md": _providers,
}


def main() -> int:
    stale = [name for name, make in GENERATED.items() if _held(ROOT / name) != make()]
    if "--check" in sys.argv:
        for name in stale:
            print(f"{name} is not current: run python tests/generated.py")
        return 1 if stale else 0
    for name in stale:
        (ROOT / name).write_text(GENERATED[name](), encoding="utf-8")
        print(f"wrote {name}")
    return 0


def _held(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
