"""Where a resource of the manifest stands, for those who ask."""

from collections.abc import Callable, Mapping

from reconciler.manifests.documents import Part
from reconciler.manifests.overlay import Said
from reconciler.manifests.positions import Path
from reconciler.model.location import Location
from reconciler.model.names import DomainName, ResourceAddress


def finder(
    said: Mapping[DomainName, Said], webhooks: Mapping[ResourceAddress, Part]
) -> Callable[[ResourceAddress, str | None], Location | None]:
    """A function for `Places`: the line of a resource's key, or of the key of a member of it. What comes from a template
    stands in the template. None for what the manifest does not name."""

    def find(address: ResourceAddress, member: str | None) -> Location | None:
        rest: Path = () if member is None else (member,)
        if address in webhooks:
            return webhooks[address].at(*rest)
        domain = said.get(address.domain) if address.domain else None
        if domain is None:
            return None
        if address.kind == "domain":
            return domain.locate(rest)
        section = "mailboxes" if address.kind == "mailbox" else "aliases"
        return domain.locate((section, address.key.rpartition("@")[0], *rest))

    return find
