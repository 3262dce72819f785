"""The sandbox, emptied before each test, and every provider in turn."""

from collections.abc import Iterator

import pytest
from contract_world import CASES, Case

from reconciler.sandbox import Sandbox


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


@pytest.fixture(params=CASES, ids=lambda case: case.api)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param
