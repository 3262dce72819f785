"""What planning costs: microseconds a resource for a plan that changes nothing, and one that creates everything.

By hand: `python tests/benchmarks/bench_planner.py`. Prints the growth from 10,000 to 100,000 resources, which has to stay
near 10. The mix: 2 % domains, 60 % mailboxes, 30 % aliases, 8 % webhooks.
"""

import gc
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from reconciler_fakes import IMPLY, World, alias, domain, mailbox, webhook

from reconciler.planner import Situation, plan


def things(count: int) -> list:
    domains = max(1, count * 2 // 100)
    mailboxes, aliases, webhooks = count * 60 // 100, count * 30 // 100, count * 8 // 100
    box = [f"user{n:06d}@d{n % domains:05d}.example.com" for n in range(mailboxes)]
    return [
        *(domain(f"d{n:05d}.example.com") for n in range(domains)),
        *(mailbox(address, name=f"User {n}", quota=1024 * (1 + n % 8), password=1) for n, address in enumerate(box)),
        *(
            alias(
                f"alias{n:06d}@d{n % domains:05d}.example.com",
                *(box[(7 * n + k) % mailboxes] for k in range(1 + n % 3)),
            )
            for n in range(aliases)
        ),
        *(webhook(f"https://hooks.example.net/in/{n}", events=("a", "b")) for n in range(webhooks)),
    ]


def settled(count: int) -> Situation:
    world = World(hosting=IMPLY)
    world.settled("hosting", *things(count))
    return world.situation()


def to_create(count: int) -> Situation:
    world = World(hosting=IMPLY)
    world.wants("hosting", *things(count))
    return world.situation()


def microseconds(situation: Situation, count: int, rounds: int = 5) -> float:
    taken = []
    for _ in range(rounds):
        gc.collect()
        start = time.process_time()
        made = plan(situation)
        taken.append(time.process_time() - start)
        assert not [d for d in made.diagnostics if d.severity == "error"]
        del made
    return statistics.median(taken) / count * 1e6


def main() -> None:
    for name, make in (("no change", settled), ("create all", to_create)):
        small, large = (microseconds(make(count), count) for count in (10_000, 100_000))
        print(f"{name:<11} {small:6.2f} us a resource at 10,000, {large:6.2f} at 100,000: x {10 * large / small:.1f}")


if __name__ == "__main__":
    main()
