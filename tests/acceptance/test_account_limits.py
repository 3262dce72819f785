"""What an account may hold is said before the first write."""

from pathlib import Path

import pytest
from project import Project

from reconciler.sandbox import CREDENTIALS, Sandbox, SandboxOptions


@pytest.mark.parametrize(
    ("options", "aliases", "said"),
    [
        (
            SandboxOptions(improvmx_aliases=2),
            "{a: x@example.net, b: x@example.net, c: x@example.net}",
            "in each domain",
        ),
        (SandboxOptions(improvmx_destinations=1), "{a: [x@example.net, y@example.net]}", "destinations"),
    ],
)
def test_limits_of_the_account(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: SandboxOptions, aliases: str, said: str
) -> None:
    """The provider's own limits are asked for when the plan creates what they bound; over one is an error, nothing sent."""
    monkeypatch.setenv("IMPROVMX_API_KEY", CREDENTIALS["improvmx"]["api_key"])
    with Sandbox(options) as sandbox:
        (tmp_path / "mailsync.yaml").write_text(
            "version: 1\nproviders:\n  forwarding:\n    type: improvmx\n    api_key: ${env:IMPROVMX_API_KEY}\n"
            f"    base_url: {sandbox.url('improvmx')}\n    rate_limit: none\n"
            f"domains:\n  example.com: {{catch_all: null, aliases: {aliases}}}\n"
        )
        result = project.mailsync("apply", "--auto-approve", "--format", "json")
        assert result.code == 1, result
        [finding] = [d for d in result.document["diagnostics"] if d["severity"] == "error"]
        assert (finding["code"], said in finding["message"]) == ("limit-exceeded", True), finding
        assert {r.method for r in sandbox.requests} == {"GET"}
