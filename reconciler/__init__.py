"""mailsync: declarative e-mail hosting.

What this package exports is what programs and plug-ins may rely on; everything else may move. The names are imported when
they are used, so that `import reconciler` costs nothing.

    project = load(ManifestRequest(files=("mailsync.yaml",)))
    made = asyncio.run(plan(project, PlanOptions(), surface))
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from reconciler.errors import InvalidInput, MailsyncError, ProviderError, Refused, StateError
    from reconciler.model.capability import Capabilities, FieldCapability, KindCapability
    from reconciler.model.ledger import Ledger
    from reconciler.model.location import Diagnostic, Location
    from reconciler.model.manifest import Manifest, ManifestRequest
    from reconciler.model.names import ResourceAddress
    from reconciler.model.plan import Change, Plan, PlanOptions
    from reconciler.model.report import Drift, Event, Outcome, Report
    from reconciler.model.snapshot import Scope, Snapshot
    from reconciler.pipeline import ApplyOptions, Project, Stop, Surface, apply, drift, load, plan
    from reconciler.providers.base import Account, Provider, ProviderSettings, Surroundings
    from reconciler.secrets.resolver import Resolver

_HOMES = {
    "errors": ("InvalidInput", "MailsyncError", "ProviderError", "Refused", "StateError"),
    "model.capability": ("Capabilities", "FieldCapability", "KindCapability"),
    "model.ledger": ("Ledger",),
    "model.location": ("Diagnostic", "Location"),
    "model.manifest": ("Manifest", "ManifestRequest"),
    "model.names": ("ResourceAddress",),
    "model.plan": ("Change", "Plan", "PlanOptions"),
    "model.report": ("Drift", "Event", "Outcome", "Report"),
    "model.snapshot": ("Scope", "Snapshot"),
    "pipeline": ("ApplyOptions", "Project", "Stop", "Surface", "apply", "drift", "load", "plan"),
    "providers.base": ("Account", "Provider", "ProviderSettings", "Surroundings"),
    "secrets.resolver": ("Resolver",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Account",
    "ApplyOptions",
    "Capabilities",
    "Change",
    "Diagnostic",
    "Drift",
    "Event",
    "FieldCapability",
    "InvalidInput",
    "KindCapability",
    "Ledger",
    "Location",
    "MailsyncError",
    "Manifest",
    "ManifestRequest",
    "Outcome",
    "Plan",
    "PlanOptions",
    "Project",
    "Provider",
    "ProviderError",
    "ProviderSettings",
    "Refused",
    "Report",
    "Resolver",
    "ResourceAddress",
    "Scope",
    "Snapshot",
    "StateError",
    "Stop",
    "Surface",
    "Surroundings",
    "__version__",
    "apply",
    "drift",
    "load",
    "plan",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
