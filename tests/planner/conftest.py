import pytest
from reconciler_fakes import IMPLY, MAILSERVER, World, domain


@pytest.fixture
def world() -> World:
    """A mail server `hosting` with the domain example.com, wanted, live and owned; and an empty account `other`."""
    world = World(hosting=MAILSERVER, other=IMPLY)
    world.settled("hosting", domain("example.com"))
    return world
