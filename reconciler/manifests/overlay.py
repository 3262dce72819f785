"""Several parts that speak of one domain, laid over each other: those of files beside each other, templates below.

Values are still as written here. The domain wins over a later template over an earlier one; mailboxes and aliases merge by
key, one member merges by field, lists and short forms replace (interface, 1.1).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from reconciler.manifests import positions
from reconciler.manifests.documents import Part, locate
from reconciler.manifests.findings import Findings
from reconciler.manifests.merging import given_twice
from reconciler.manifests.positions import Path
from reconciler.model import names
from reconciler.model.location import Location
from reconciler.model.names import DomainName

MEMBERS = ("mailboxes", "aliases")
CATCH_ALL = "*"  # as the key of an alias


def member_key(key: str) -> str:
    """A local part as it is compared; what is none (a regular expression, a mistake) as it is written."""
    try:
        return names.local_part(key)
    except ValueError:
        return key


@dataclass(slots=True)
class Said:
    """All that is said of one domain. *templates*: the winning one first."""

    name: DomainName
    own: list[Part]
    templates: list[Part] = field(default_factory=list)
    _keys: dict[tuple[int, Path], dict[str, list[str]]] = field(default_factory=dict)

    def locate(self, path: Path, value: bool = False) -> Location:
        """Where *path* comes from, be it spelt with other letters or as the alias `*`."""
        parts = [*self.own, *self.templates]
        if not path:
            return parts[0].at()
        spelt = [(part, self._spelt(part, path)) for part in parts]
        return locate(spelt, value=value)

    def all_places(self, section: str, key: str) -> list[Location]:
        """Every place that gives the member *key* among the domain's own parts."""
        return sorted(
            part.at(section, written)
            for part in self.own
            for written in self._written(part, section).get(member_key(key), ())
        )

    def _spelt(self, part: Part, path: Path) -> Path:
        if path[0] == "catch_all" and CATCH_ALL in self._written(part, "aliases"):
            return ("aliases", CATCH_ALL, "destinations", *path[1:])
        if len(path) > 1 and path[0] in MEMBERS:
            written = self._written(part, str(path[0])).get(str(path[1]))
            return (path[0], written[0], *path[2:]) if written else path
        return path

    def _written(self, part: Part, section: str) -> dict[str, list[str]]:
        """The keys of a section as the part writes them, by what they are compared as."""
        place = (id(part.document), (*part.path, section))
        if place not in self._keys:
            found: dict[str, list[str]] = {}
            self._keys[place] = found
            for key in positions.keys(part.document.tree, place[1]):
                found.setdefault(member_key(key), []).append(key)
        return self._keys[place]

    def forget_values(self) -> None:
        """Keeps the places only."""
        self.own = [part._replace(body=None) for part in self.own]
        self.templates = [part._replace(body=None) for part in self.templates]


def combine(said: Said, findings: Findings) -> dict[str, Any]:
    """What the files say of the domain, beside each other: nothing may be said twice."""
    if len(said.own) == 1:
        return dict(said.own[0].body)
    combined: dict[str, Any] = {}
    first: dict[Path, Part] = {}
    for part in said.own:
        for key, value in part.body.items():
            if key in MEMBERS and (isinstance(value, dict) or value is None):
                members = combined.setdefault(key, {})
                if isinstance(members, dict):
                    _put_all(members, (key,), value or {}, part, first, findings)
                    continue
            _put_all(combined, (), {key: value}, part, first, findings)
    return combined


def _put_all(
    into: dict[str, Any],
    path: Path,
    values: dict[str, Any],
    part: Part,
    first: dict[Path, Part],
    findings: Findings,
) -> None:
    for key, value in values.items():
        place = (*path, key)
        if key in into:
            given_twice(findings, repr(key), first.get(place, part).at(*place), part.at(*place))
        else:
            into[key], first[place] = value, part


def star_as_catch_all(part: Part, findings: Findings) -> Part:
    """The alias `*` is another way to write `catch_all`."""
    aliases = part.body.get("aliases")
    if not isinstance(aliases, dict) or CATCH_ALL not in aliases:
        return part
    rest = {key: value for key, value in aliases.items() if key != CATCH_ALL}
    body = {**part.body, "aliases": rest}
    place = ("aliases", CATCH_ALL)
    value = aliases[CATCH_ALL]
    if isinstance(value, dict):
        for extra in sorted(value.keys() - {"destinations"}):
            findings.error("unknown-field", 'the alias "*" takes destinations only', part.at(*place, extra))
        value = value.get("destinations")
    if "catch_all" in part.body:
        given_twice(findings, 'the catch-all (as catch_all and as alias "*")', part.at("catch_all"), part.at(*place))
    elif value is None:
        findings.error(
            "invalid-value", "an alias needs destinations", part.at(*place), "for none write catch_all: null"
        )
    else:
        body["catch_all"] = value
    return part._replace(body=body)


def overlay(layers: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """*layers* from the lowest to the highest."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            if key in MEMBERS and (isinstance(value, dict) or value is None) and isinstance(result.get(key, {}), dict):
                result[key] = _overlay_members(key, result.get(key, {}), value or {})
            else:
                result[key] = value
    return result


def _overlay_members(section: str, lower: dict[str, Any], upper: dict[str, Any]) -> dict[str, Any]:
    members, done = dict(lower), set()
    for written, value in upper.items():
        key = member_key(written)
        if key in done:  # twice in one layer: keeps its spelling, and is found out when addresses are compared
            key = written
        done.add(key)
        members[key] = _overlay_member(section, lower.get(key), value)
    return members


def _overlay_member(section: str, lower: Any, upper: Any) -> Any:
    if section == "mailboxes":
        lower, upper = lower or {}, {} if upper is None else upper
    elif isinstance(lower, str | list) and isinstance(upper, dict):
        lower = {"destinations": [lower] if isinstance(lower, str) else lower}
    both = isinstance(lower, dict) and isinstance(upper, dict)
    return {**lower, **upper} if both else upper
