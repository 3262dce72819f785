"""What tests of whole commands share: a sandbox over real HTTP, and a project that talks to it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from project import CANARY, Project

from reconciler.sandbox import CREDENTIALS, Sandbox

# A busy machine is no defect: an example may take as long as it takes. CI runs the same examples each time, so that it
# fails for the change it looks at; everybody else looks for new ones.
settings.register_profile("mailsync", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("mailsync")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def project(
    tmp_path: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Project:
    monkeypatch.setenv("MAILSERVER_API_KEY", CREDENTIALS["mailserver"]["api_key"])
    monkeypatch.setenv("PASSWORD", CANARY)
    monkeypatch.delenv("MAILSYNC_FILE", raising=False)
    return Project(tmp_path, sandbox, capsys)
