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
    # By section and number of parts: for each key, as it is compared, which parts write it, and how.
    _writers: dict[tuple[str, int], dict[str, list[tuple[int, str]]]] = field(default_factory=dict)

    def locate(self, path: Path, value: bool = False) -> Location:
        """Where *path* comes from, be it spelt with other letters or as the alias `*`."""
        parts = [*self.own, *self.templates]
        if not path:
            return parts[0].at()
        if len(path) > 1 and path[0] in MEMBERS:
            writers = self._writers_of(str(path[0])).get(member_key(str(path[1])), [])
            spelt = [(parts[number], (path[0], written, *path[2:])) for number, written in writers]
        else:
            spelt = [(part, self._spelt(number, path)) for number, part in enumerate(parts)]
        return locate(spelt or [(part, path) for part in parts], value=value)

    def at(self, number: int, path: Path) -> Location:
        """Where the domain's own part of this number says *path*."""
        return self.own[number].at(*self._spelt(number, path))

    def all_places(self, section: str, key: str) -> list[Location]:
        """Every place that gives the member *key* among the domain's own parts."""
        writers = self._writers_of(section).get(member_key(key), [])
        return sorted(self.own[n].at(section, written) for n, written in writers if n < len(self.own))

    def _spelt(self, number: int, path: Path) -> Path:
        starred = self._writers_of("aliases").get(CATCH_ALL, []) if path[0] == "catch_all" else []
        return ("aliases", CATCH_ALL, "destinations", *path[1:]) if (number, CATCH_ALL) in starred else path

    def _writers_of(self, section: str) -> dict[str, list[tuple[int, str]]]:
        parts = [*self.own, *self.templates]
        if (section, len(parts)) not in self._writers:
            found: dict[str, list[tuple[int, str]]] = {}
            for number, part in enumerate(parts):
                for key in positions.keys(part.document.tree, (*part.path, section)):
                    found.setdefault(member_key(key), []).append((number, key))
            self._writers[section, len(parts)] = found
        return self._writers[section, len(parts)]

    def forget_values(self) -> None:
        """Keeps the places only."""
        self.own = [part._replace(body=None) for part in self.own]
        self.templates = [part._replace(body=None) for part in self.templates]


def combine(said: Said, findings: Findings) -> dict[str, Any]:
    """What the files say of the domain, beside each other: nothing may be said twice."""
    if len(said.own) == 1:
        return dict(said.own[0].body)
    combined = _Combined(said, findings)
    for number, part in enumerate(said.own):
        combined.add(number, part.body)
    return combined.body


@dataclass(slots=True)
class _Combined:
    said: Said
    findings: Findings
    body: dict[str, Any] = field(default_factory=dict)
    _first: dict[Path, int] = field(default_factory=dict)

    def add(self, number: int, said: dict[str, Any]) -> None:
        for key, value in said.items():
            members = self.body.get(key, {})
            if key in MEMBERS and isinstance(value, dict | None) and isinstance(members, dict | None):
                self.body[key] = members = members or {}
                for member, its_value in (value or {}).items():
                    self._put(members, (key, member), its_value, number)
            else:
                self._put(self.body, (key,), value, number)

    def _put(self, into: dict[str, Any], path: Path, value: Any, number: int) -> None:
        key = str(path[-1])
        if key in into:
            first = self._first.get(path, number)
            given_twice(self.findings, repr(key), self.said.at(first, path), self.said.at(number, path))
        else:
            into[key], self._first[path] = value, number


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
