"""How many calls an apply makes, and how long they take at the providers' limits."""

from collections import Counter
from collections.abc import Iterable, Mapping

from reconciler.model.capability import Terms
from reconciler.model.plan import Step


def requests(steps: Iterable[Step]) -> int:
    """The calls that change something; listing, login and reading back come on top."""
    return sum(step.requests for step in steps)


def seconds(steps: Iterable[Step], terms: Mapping[str, Terms]) -> float:
    """Requests divided by the rate limit, the largest over the providers; 0 where there is none."""
    counts: Counter[str] = Counter()
    for step in steps:
        counts[step.address.provider] += step.requests
    rates = {name: there.rate for name, there in terms.items()}
    return max((n / rate.per_second for name, n in counts.items() if (rate := rates.get(name))), default=0.0)
