"""The plan of the documentation, as a value; and text that nobody would want to print."""

from hypothesis import strategies as st

from reconciler.model.location import Location
from reconciler.model.names import EmailAddress, ResourceAddress
from reconciler.model.plan import Block, Change, FieldChange, FlowChange, Plan, ProviderSummary


def at(text: str) -> ResourceAddress:
    return ResourceAddress.parse(text)


JANE = Change(
    at("hosting/mailbox/jane@example.com"),
    "create",
    before=None,
    after={"name": "Jane Roe", "quota": 5 * 1024**3},
    fields=(
        FieldChange("name", None, "Jane Roe"),
        FieldChange("quota", None, 5 * 1024**3),
        FieldChange("password", None, 1, sensitive=True),
    ),
    depends_on=(at("hosting/domain/example.com"),),
    requests=1,
    source=Location("mailsync.yaml", 30, 7),
)
SALES = Change(
    at("hosting/alias/sales@example.com"),
    "update",
    before={"destinations": ("bob@example.net", "john@example.com")},
    after={"destinations": ("eve@example.net", "john@example.com")},
    fields=(
        FieldChange("destinations", ("bob@example.net", "john@example.com"), ("eve@example.net", "john@example.com")),
    ),
    depends_on=(at("hosting/domain/example.com"),),
    risk="delivery",
    requests=1,
    source=Location("mailsync.yaml", 41, 7),
)
OLD = Change(
    at("hosting/alias/old@example.com"),
    "delete",
    before={"destinations": ("john@example.com",)},
    after=None,
    risk="delivery",
    requests=1,
)
BOB = Change(
    at("hosting/mailbox/bob@example.com"),
    "delete",
    before={"name": "Bob"},
    after=None,
    blocked=Block("data-loss", "holds mail; list it under removed: or pass --allow-data-loss"),
    risk="data-loss",
)
HOSTING = ProviderSummary(
    "hosting", "mailserver", "sha256:4b2f", {"domain": 3, "mailbox": 42, "alias": 96}, requests=3, rate="100/min"
)
PLAN = Plan(
    changes=(JANE, SALES, OLD, BOB),
    unchanged=138,
    mail_flow=(
        FlowChange(
            EmailAddress("sales@example.com"),
            "changed",
            ("bob@example.net", "john@example.com"),
            ("eve@example.net", "john@example.com"),
        ),
        FlowChange(EmailAddress("old@example.com"), "bounces", ("john@example.com",), ()),
        FlowChange(EmailAddress("jane@example.com"), "new", (), ("jane@example.com",)),
    ),
    providers=(HOSTING,),
    requests=3,
    seconds=1.7999999,
    lineage="7c0e",
    serial=12,
    manifest_digest="sha256:aa",
    vars_digest="sha256:bb",
    created_at="2026-01-31T12:00:00Z",
)
TEXT = """\
hosting: mailserver, 3 domains, 42 mailboxes, 96 aliases (3 requests)

  + hosting/mailbox/jane@example.com
      name      = "Jane Roe"
      quota     = 5 GiB
      password  = (sensitive, version 1)
  ~ hosting/alias/sales@example.com
      destinations: + eve@example.net
                    - bob@example.net
  - hosting/alias/old@example.com              mail to it will bounce
  ! hosting/mailbox/bob@example.com            delete blocked: holds mail; list it under removed: or pass --allow-data-loss

Mail flow: old@example.com will bounce; sales@example.com reaches eve@example.net instead of bob@example.net.
Plan: 1 to create, 1 to update, 0 to replace, 1 to delete, 0 to adopt, 138 unchanged, 1 blocked.
Apply needs 3 requests, about 1.8 s at the provider's 100/min."""

hostile = st.lists(
    st.sampled_from(
        [*'::[]%\n\r\t\x00\x1b\x7f\x85\x9b\u2028\u202e\u200b\ud800<`|@"\\ a\u00e9', "::error::x", "##", "##[", "##vso["]
    ),
    max_size=8,
).map("".join)
