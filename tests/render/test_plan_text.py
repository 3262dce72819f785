"""A plan as a person reads it in a terminal."""

import re
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_plan import BOB, HOSTING, JANE, OLD, PLAN, SALES, TEXT, at, hostile

from reconciler.model.names import EmailAddress
from reconciler.model.plan import Block, Change, FieldChange, FlowChange, Plan, PlanOptions, ProviderSummary
from reconciler.render.text import FOLD, render_plan

OWNED = Plan(lineage="7c0e", serial=1)


def told(*changes: Change, **plan: object) -> str:
    return render_plan(replace(OWNED, changes=changes, **plan))


def lines(*changes: Change, **plan: object) -> list[str]:
    """What is said of the changes, without the conclusion."""
    return told(*changes, **plan).split("\n\n")[0].splitlines()


def update(*fields: FieldChange, address: str = "hosting/mailbox/ann@example.com", **change: object) -> Change:
    return Change(at(address), "update", {}, {}, fields, **change)


def flow(address: str, effect: str, before: tuple[str, ...], after: tuple[str, ...]) -> FlowChange:
    return FlowChange(EmailAddress(address), effect, before, after)


def test_the_plan_of_the_documentation_is_told_character_by_character():
    assert render_plan(PLAN) == TEXT


def test_the_order_of_the_changes_does_not_matter():
    """A reader finds a change by what it is, not by when it is carried out."""
    assert render_plan(replace(PLAN, changes=(BOB, OLD, SALES, JANE))) == TEXT


class TestConclusion:
    def test_nothing_to_do(self):
        assert told(unchanged=141) == "No changes. 141 resources match the manifest."
        assert told(unchanged=1) == "No changes. 1 resource matches the manifest."

    def test_what_is_neither_in_the_manifest_nor_owned_is_left_alone(self):
        assert "\n12 live resources are neither in the manifest nor owned: left alone." in told(unmanaged=12)
        assert "\n1 live resource is neither in the manifest nor owned: left alone." in told(unmanaged=1)

    def test_a_missing_ledger_is_said(self):
        assert "There is no ledger yet" in render_plan(Plan())
        assert "ledger" not in told()

    def test_a_partial_plan_says_so(self):
        options = PlanOptions(targets=("hosting/alias/*",), excludes=("*/webhook/*", "a/*"))
        assert told(options=options).endswith(
            "This plan is partial: --target hosting/alias/*, --exclude */webhook/*, --exclude a/*."
        )

    def test_a_destroy_says_so(self):
        assert "deletes all that is owned" in told(options=PlanOptions(destroy=True))

    def test_forgetting_is_counted_where_there_is_any(self):
        forgotten = Change(at("hosting/alias/a@example.com"), "forget", {}, None)
        assert "0 to adopt, 1 to forget, 0 unchanged" in told(forgotten)
        assert "forget" not in told(JANE)

    def test_bookkeeping_needs_no_requests(self):
        assert "Apply needs" not in told(Change(at("hosting/alias/a@example.com"), "adopt", {}, {}))

    @pytest.mark.parametrize(
        ("requests", "seconds", "rates", "line"),
        [
            (1, 0.6, ["100/min"], "Apply needs 1 request, about 0.6 s at the provider's 100/min."),
            (2, 0.0, [None], "Apply needs 2 requests."),
            (2, 1.25, ["10/s", "60/min burst 10"], "Apply needs 2 requests, about 1.2 s at the providers' limits."),
            (9, 540.0, ["1/min"], "Apply needs 9 requests, about 540.0 s (9 min) at the provider's 1/min."),
            (9, 9000, ["1/min"], "Apply needs 9 requests, about 9000.0 s (2 h 30 min) at the provider's 1/min."),
        ],
    )
    def test_how_long_it_takes(self, requests, seconds, rates, line):
        providers = tuple(ProviderSummary(f"p{n}", "t", "", {}, 1, rate) for n, rate in enumerate(rates))
        changes = [replace(JANE, address=at(f"{p.name}/mailbox/jane@example.com")) for p in providers]
        idle = replace(HOSTING, name="idle", rate="1/s")
        text = told(*changes, requests=requests, seconds=seconds, providers=(*providers, idle))
        assert text.splitlines()[-1] == line


class TestProviders:
    def test_one_line_each_with_what_was_listed(self):
        one = ProviderSummary("a", "imply", "", {"webhook": 1, "alias": 0, "mailbox": 1, "domain": 1}, 1)
        assert told(providers=(one, HOSTING)).splitlines()[:2] == [
            "a: imply, 1 domain, 1 mailbox, 0 aliases, 1 webhook (1 request)",
            "hosting: mailserver, 3 domains, 42 mailboxes, 96 aliases (3 requests)",
        ]


class TestChanges:
    def test_each_action_has_its_sign(self):
        address = at("hosting/alias/a@example.com")
        signs = {
            action: lines(Change(address, action, {}, {}))[0][:4]
            for action in ("create", "update", "replace", "delete", "adopt", "forget")
        }
        assert signs == {
            "create": "  + ",
            "update": "  ~ ",
            "replace": "-/+ ",
            "delete": "  - ",
            "adopt": "  = ",
            "forget": "  . ",
        }

    def test_what_needs_the_eye_comes_last(self):
        """The end of the output is what stays on the screen."""
        text = "\n".join(lines(BOB, OLD, SALES, JANE, Change(at("hosting/alias/z@example.com"), "adopt", {}, {})))
        assert re.findall(r"^[ /+-]{2}(\S) ", text, re.MULTILINE) == ["=", "+", "~", "-", "!"]

    def test_a_change_of_a_value_shows_both(self):
        change = update(
            FieldChange("quota", 1024**3, "unlimited"),
            FieldChange("active", True, False),
            FieldChange("name", None, "Ann"),
            FieldChange("expires", "1d", "never"),
        )
        assert lines(change)[1:] == [
            "      quota:   1 GiB -> unlimited",
            "      active:  true -> false",
            '      name:    (none) -> "Ann"',
            "      expires: 1d -> never",
        ]

    def test_a_change_of_a_set_shows_what_comes_and_goes(self):
        change = update(
            FieldChange("destinations", ("a@x.example", "b@x.example"), ("b@x.example", "c@x.example")),
            address="hosting/alias/info@example.com",
        )
        assert lines(change)[1:] == ["      destinations: + c@x.example", "                    - a@x.example"]

    def test_a_catch_all_that_is_set_or_cleared(self):
        domain = "hosting/domain/example.com"
        assert lines(update(FieldChange("catch_all", None, ("a@x.example",)), address=domain))[1:] == [
            "      catch_all: + a@x.example"
        ]
        assert lines(update(FieldChange("catch_all", ("a@x.example",), None), address=domain))[1:] == [
            "      catch_all: - a@x.example"
        ]

    def test_a_new_resource_shows_its_fields_also_where_no_differences_are_listed(self):
        after = {"destinations": ("a@x.example", "b@x.example"), "active": True, "description": None}
        change = Change(at("hosting/alias/info@example.com"), "create", None, after)
        assert lines(change)[1:] == [
            "      destinations  = a@x.example, b@x.example",
            "      active        = true",
            "      description   = (none)",
        ]

    def test_a_secret_shows_its_versions_only(self):
        new = Change(at("hosting/mailbox/a@example.com"), "create", None, {"password": 3})
        assert lines(new)[1:] == ["      password  = (sensitive, version 3)"]
        for before, text in ((1, "(sensitive, version 1 -> 2)"), (None, "(sensitive, version 2)")):
            rotated = update(FieldChange("password", before, 2, sensitive=True))
            assert lines(rotated)[1:] == [f"      password: {text}"]

    def test_a_field_that_somebody_else_changed_is_marked(self):
        change = update(
            FieldChange("quota", 1024, 2048, drifted=True), FieldChange("name", "A", "B"),
        )  # fmt: skip
        assert lines(change)[1:] == ["      quota: 1 KiB -> 2 KiB  (drifted)", '      name:  "A" -> "B"']

    def test_domains_are_shown_in_u_labels(self):
        change = Change(at("hosting/mailbox/a@xn--mnchen-3ya.example"), "create", None, {})
        assert lines(change) == ["  + hosting/mailbox/a@münchen.example"]
        assert "@münchen.example" in told(
            change, mail_flow=(flow("a@xn--mnchen-3ya.example", "bounces", ("b@x.example",), ()),)
        )

    def test_the_address_of_a_webhook_is_shown_as_it_is(self):
        change = Change(at("hosting/webhook/https://xn--mnchen-3ya.example/a"), "delete", {}, None)
        assert lines(change) == ["  - hosting/webhook/https://xn--mnchen-3ya.example/a"]


class TestRemarks:
    def remark(self, change: Change, *flows: FlowChange) -> str:
        return lines(change, mail_flow=flows)[0][4:].partition("  ")[2].strip()

    def test_why_a_change_is_blocked(self):
        blocked = replace(OLD, blocked=Block("protect", "it is protected"))
        assert self.remark(blocked) == "delete blocked: it is protected"

    def test_what_a_deletion_does_to_mail(self):
        bounces = flow("old@example.com", "bounces", ("john@example.com",), ())
        falls = flow("old@example.com", "changed", ("john@example.com",), ("all@example.com",))
        assert self.remark(OLD, bounces) == "mail to it will bounce"
        assert self.remark(OLD, falls) == "mail to it will reach all@example.com"
        assert self.remark(OLD) == ""

    def test_that_stored_mail_goes(self):
        allowed = replace(BOB, blocked=None)
        bounces = flow("bob@example.com", "bounces", ("bob@example.com",), ())
        assert self.remark(allowed, bounces) == "the mail in it is lost; mail to it will bounce"

    def test_that_it_comes_under_ownership_and_what_the_planner_remarks(self):
        change = update(FieldChange("quota", 1, 2), adopting=True, note="expired or deleted there")
        assert self.remark(change) == "adopted; expired or deleted there"

    def test_a_remark_that_does_not_fit_goes_below(self):
        text = render_plan(PLAN, width=100)
        assert "  ! hosting/mailbox/bob@example.com\n      delete blocked: holds mail; list" in text
        assert "\nMail flow:\n  old@example.com will bounce\n" in text

    def test_a_long_address_is_followed_by_two_spaces(self):
        change = replace(OLD, address=at(f"hosting/alias/{'x' * 40}@example.com"), note="remark")
        assert lines(change) == [f"  - hosting/alias/{'x' * 40}@example.com  remark"]


class TestMailFlow:
    def test_the_worst_comes_first_and_what_is_new_is_no_news(self):
        flows = (
            flow("d@a.example", "new", (), ("d@a.example",)),
            flow("c@a.example", "narrowed", ("x@b.example", "y@b.example"), ("x@b.example",)),
            flow("b@a.example", "widened", ("x@b.example",), ("x@b.example", "y@b.example", "z@b.example")),
            flow("z@a.example", "bounces", ("x@b.example",), ()),
        )
        assert told(JANE, mail_flow=flows).split("\n\n")[1].splitlines()[0] == (
            "Mail flow: z@a.example will bounce; b@a.example reaches y@b.example and z@b.example too; "
            "c@a.example no longer reaches y@b.example."
        )

    def test_more_than_three_have_a_line_each(self):
        flows = tuple(flow(f"u{n}@a.example", "bounces", ("x@b.example",), ()) for n in range(4))
        assert "Mail flow:\n  u0@a.example will bounce\n  u1@" in told(JANE, mail_flow=flows)


class TestLongPlans:
    many = tuple(
        Change(at(f"hosting/mailbox/u{n:05}@example.com"), "create", None, {"quota": 1024}) for n in range(2000)
    )

    def test_what_has_no_risk_is_folded_and_what_has_some_stands_first(self):
        """Three risky changes among two thousand: they are on the first screen."""
        text = told(*self.many, SALES, OLD, BOB).splitlines()
        assert [line[:4] for line in text[:6]] == ["  ~ ", "    ", "    ", "  - ", "  ! ", "  + "]
        assert len(text) < FOLD + 15
        assert "  ... and 1900 more changes without risk: 1900 to create (--full shows all)" in text

    def test_full_shows_all(self):
        text = render_plan(replace(OWNED, changes=(*self.many, BOB)), full=True)
        assert text.count("\n  + ") + text.startswith("  + ") == 2000
        assert "more changes" not in text

    def test_what_is_risky_is_never_folded(self):
        risky = tuple(replace(change, risk="delivery") for change in self.many)
        assert told(*risky).count("  + ") == 2000

    def test_what_is_left_out_is_counted_by_what_it_is(self):
        adopted = tuple(
            Change(at(f"hosting/alias/u{n}@example.com"), "adopt", {}, {}) for n in range(FOLD)
        )  # fmt: skip
        assert "and 2000 more changes without risk: 2000 to create" in told(*adopted, *self.many)
        assert "and 1 more change without risk: 1 to delete" in told(
            *adopted, Change(at("hosting/webhook/default"), "delete", {}, None)
        )

    def test_ten_thousand_changes_take_less_than_a_second(self):
        plan = replace(OWNED, changes=self.many * 5)
        for full in (False, True):
            start = time.process_time()
            render_plan(plan, full=full)
            assert time.process_time() - start < 3


class TestColour:
    def test_none_unless_asked_for(self):
        assert "\x1b" not in render_plan(PLAN)

    def test_colour_changes_nothing_else(self):
        coloured = render_plan(PLAN, colour=True)
        assert "\x1b[32m  + hosting/mailbox/jane@example.com\x1b[0m" in coloured
        assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == TEXT


values = hostile | st.integers() | st.booleans() | st.none() | st.lists(hostile, max_size=3).map(tuple)
hostile_changes = st.builds(
    Change,
    st.builds(lambda a, b, c: type(OLD.address)(a, b, c), hostile, st.sampled_from(["alias", "webhook"]), hostile),
    st.sampled_from(["create", "update", "replace", "delete", "adopt", "forget"]),
    before=st.none(),
    after=st.dictionaries(hostile, values, max_size=2),
    fields=st.lists(st.builds(FieldChange, hostile, values, values, st.booleans(), st.booleans()), max_size=2).map(
        tuple
    ),
    blocked=st.none() | st.builds(Block, st.just("protect"), hostile),
    note=st.none() | hostile,
)
hostile_plans = st.builds(
    Plan,
    changes=st.lists(hostile_changes, max_size=3).map(tuple),
    mail_flow=st.lists(
        st.builds(
            FlowChange,
            hostile,
            st.sampled_from(["bounces", "changed", "widened", "narrowed", "new"]),
            st.lists(hostile, max_size=2).map(tuple),
            st.lists(hostile, max_size=2).map(tuple),
        ),
        max_size=5,
    ).map(tuple),
    providers=st.lists(
        st.builds(ProviderSummary, hostile, hostile, hostile, st.just({}), st.integers(0, 9), hostile), max_size=2
    ).map(tuple),
    options=st.builds(PlanOptions, targets=st.lists(hostile, max_size=2).map(tuple)),
)


@given(plan=hostile_plans, width=st.none() | st.integers(1, 100))
def test_nothing_foreign_can_steer_a_terminal_or_the_log_of_a_pipeline(plan, width):
    """No control character, nothing that turns the direction of writing, no workflow command."""
    text = render_plan(plan, width=width)
    assert text.replace("\n", "").isprintable()
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    assert "##[" not in text
    assert "##vso[" not in text
