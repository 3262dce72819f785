"""Templates, and domains that are spread over files (interface, 1.1)."""

from pathlib import Path

from manifest_fakes import desired, fields, load, refused

DOMAIN = "p/domain/example.com"
HEAD = "providers: {p: {type: imply, token: '${env:T}'}}\n"


def test_the_domain_wins_over_a_later_template_over_an_earlier_one(tmp_path: Path) -> None:
    """Field by field."""
    manifest = load(
        tmp_path,
        HEAD
        + "templates:\n"
        + "  one: {description: one, quota: 1 GiB, max_aliases: 1, protect: true}\n"
        + "  two: {description: two, quota: 2 GiB}\n"
        + "domains: {example.com: {use: [one, two], description: own}}\n",
    )
    assert fields(manifest, DOMAIN) == {"description": "own", "quota": 2 * 1024**3, "max_aliases": 1}
    assert desired(manifest, DOMAIN).protect


def test_mailboxes_and_aliases_merge_by_key_and_field(tmp_path: Path) -> None:
    """Keys compare as addresses do; one member merges by field."""
    manifest = load(
        tmp_path,
        HEAD
        + "templates:\n"
        + "  t:\n"
        + "    mailboxes: {John: {name: John, quota: 1 GiB}, eve: {name: Eve}}\n"
        + "    aliases: {Info: {destinations: [a@x.example], active: false}, abuse: a@x.example}\n"
        + "domains:\n"
        + "  example.com:\n"
        + "    use: [t]\n"
        + "    mailboxes: {john: {name: Johnny}, bob: , EVE: }\n"
        + "    aliases: {info: {description: own}, sales: b@x.example}\n",
    )
    assert fields(manifest, "p/mailbox/john@example.com") == {"name": "Johnny", "quota": 1024**3}
    assert fields(manifest, "p/mailbox/eve@example.com") == {"name": "Eve"}
    assert fields(manifest, "p/mailbox/bob@example.com") == {}
    info = {"destinations": ("a@x.example",), "active": False, "description": "own"}
    assert fields(manifest, "p/alias/info@example.com") == info
    assert len(manifest.resources) == 7


def test_lists_and_short_forms_replace(tmp_path: Path) -> None:
    """A short form replaces what the template says of the alias; a field given over a short form keeps where it goes."""
    manifest = load(
        tmp_path,
        HEAD
        + "templates:\n"
        + "  t: {aliases: {a: {destinations: [x@x.example], active: false}, b: [x@x.example], c: x@x.example}}\n"
        + "domains:\n"
        + "  example.com: {use: [t], aliases: {a: y@y.example, b: [y@y.example], c: {active: false}}}\n",
    )
    assert fields(manifest, "p/alias/a@example.com") == {"destinations": ("y@y.example",)}
    assert fields(manifest, "p/alias/b@example.com") == {"destinations": ("y@y.example",)}
    assert fields(manifest, "p/alias/c@example.com") == {"destinations": ("x@x.example",), "active": False}


def test_the_catch_all_of_a_template_gives_way(tmp_path: Path) -> None:
    """However either of them writes it; null is a value."""
    for template in ("catch_all: t@x.example", "aliases: {'*': t@x.example}"):
        for own, wanted in (
            ("", ("t@x.example",)),
            ("catch_all: o@x.example", ("o@x.example",)),
            ("aliases: {'*': [o@x.example]}", ("o@x.example",)),
            ("aliases: {'*': {destinations: [o@x.example]}}", ("o@x.example",)),
            ("catch_all: null", None),
        ):
            text = f"templates: {{t: {{{template}}}}}\ndomains: {{example.com: {{use: [t], {own}}}}}\n"
            assert fields(load(tmp_path, HEAD + text), DOMAIN) == {"catch_all": wanted}


def test_domain_is_the_name_in_a_labels(tmp_path: Path) -> None:
    """Inside of templates; each domain that uses one gets its own."""
    manifest = load(
        tmp_path,
        HEAD
        + "vars: {host: mx}\n"
        + "templates: {t: {description: '{{ vars.host }}.{{ domain }}', aliases: {a: 'a@{{ domain }}', b: 'b@x.example'}}}\n"
        + "domains: {example.com: {use: [t]}, München.example: {use: [t]}}\n",
    )
    assert fields(manifest, DOMAIN)["description"] == "mx.example.com"
    assert fields(manifest, "p/domain/xn--mnchen-3ya.example")["description"] == "mx.xn--mnchen-3ya.example"
    alias = fields(manifest, "p/alias/a@münchen.example")
    assert alias == {"destinations": ("a@xn--mnchen-3ya.example",)}


def test_aliases_of_a_template_may_be_computed_as_a_whole(tmp_path: Path) -> None:
    """The star among them, too."""
    text = (
        "vars: {all: {'*': c@x.example, Info: i@x.example}}\n"
        "templates: {t: {aliases: '{{ vars.all }}'}}\n"
        "domains: {example.com: {use: [t]}}\n"
    )
    manifest = load(tmp_path, HEAD + text)
    assert {str(address): dict(one.fields) for address, one in manifest.resources.items()} == {
        DOMAIN: {"catch_all": ("c@x.example",)},
        "p/alias/info@example.com": {"destinations": ("i@x.example",)},
    }


def test_a_mistake_with_the_star_of_a_template_is_told_once(tmp_path: Path) -> None:
    """As any other."""
    for star, columns in (("'*': ", [27]), ("'*': {active: true}", [27, 33]), ("'*': nope", [32])):
        text = f"templates: {{t: {{aliases: {{{star}}}}}}}\ndomains: {{example.com: {{use: [t]}}}}\n"
        places = [str(finding.location) for finding in refused(tmp_path, HEAD + text)]
        assert places == [f"mailsync.yaml:2:{column}" for column in columns]


def test_a_template_may_stand_in_another_file(tmp_path: Path) -> None:
    """A file reference in it is relative to that file."""
    files = {
        "mailsync.yaml": HEAD + "include: [t/*.yaml]\ndomains: {example.com: {use: [t]}}\n",
        "t/t.yaml": "templates: {t: {mailboxes: {j: {password: '${file:pw}'}}}}\n",
    }
    secret = desired(load(tmp_path, files), "p/mailbox/j@example.com").secrets["password"].source
    assert getattr(secret, "base", None) == str(tmp_path / "t")


def test_a_mistake_in_a_template_is_told_once(tmp_path: Path) -> None:
    """Where it stands, however many domains use it, or none."""
    text = "templates: {t: {aliases: {a: {destinations: ['x@{{ domain }}', nope]}}}}\n"
    for users in ("", "domains: {a.example: {use: [t]}, b.example: {use: [t]}, c.example: {use: [t]}}\n"):
        [finding] = refused(tmp_path, HEAD + text + users)
        assert str(finding.location) == "mailsync.yaml:2:64"


def test_a_mistake_that_only_a_user_of_it_makes_is_told_in_the_template(tmp_path: Path) -> None:
    """What `{{ domain }}` becomes is known there only."""
    text = "templates: {t: {aliases: {a: '{{ domain }}'}}}\ndomains: {a.example: {use: [t]}}\n"
    [finding] = refused(tmp_path, HEAD + text)
    assert (finding.code, str(finding.location)) == ("invalid-value", "mailsync.yaml:2:30")


def test_a_domain_may_be_spread_over_files(tmp_path: Path) -> None:
    """Each team owns its aliases; names compare as domains do."""
    files = {
        "mailsync.yaml": HEAD
        + "include: [teams/*]\ndomains: {example.com: {description: x, aliases: {a: a@x.example}}}\n",
        "teams/b.yaml": "domains: {Example.COM: {mailboxes: {b: }, aliases: {b2: b@x.example}}}\n",
        "teams/c.yaml": "domains: {example.com: {catch_all: c@x.example, aliases: }}\n",
        "teams/d.yaml": "domains: {example.com: }\n",
    }
    manifest = load(tmp_path, files)
    assert list(manifest.domains) == ["example.com"]
    assert fields(manifest, DOMAIN) == {"description": "x", "catch_all": ("c@x.example",)}
    assert {str(address) for address in manifest.resources} == {
        DOMAIN,
        "p/alias/a@example.com",
        "p/alias/b2@example.com",
        "p/mailbox/b@example.com",
    }


def test_what_two_files_give_is_an_error_that_names_both(tmp_path: Path) -> None:
    """A mailbox, alias, scalar or catch-all of a domain; a provider, template, webhook or variable; a policy."""
    one = (
        "version: 1\n"
        "policies: {prune: all, require_addresses: [a]}\n"
        "state: {path: x}\n"
        "vars: {v: 1}\n"
        "templates: {t: {}}\n"
        "webhooks: {w: {url: 'https://w.example'}}\n"
        "domains: {a.example: {quota: 1 GiB, use: [t], catch_all: a@b.example, mailboxes: {m: }, aliases: {x: a@b.example}}}\n"
    )
    two = one.replace("catch_all: a@b.example, ", "").replace("mailboxes: {m: }", "mailboxes: {M: }")
    files = {"1.yaml": HEAD + one, "2.yaml": two.replace("{x: a@b.example}", "{X: a@b.example, '*': a@b.example}")}
    found = refused(tmp_path, files, ".")
    assert {finding.code for finding in found} == {"given-twice"}
    places = {(str(finding.location), finding.message.rpartition(" ")[2]) for finding in found}
    assert places == {
        ("2.yaml:2:12", "1.yaml:3:12"),
        ("2.yaml:3:9", "1.yaml:4:9"),
        ("2.yaml:4:8", "1.yaml:5:8"),
        ("2.yaml:5:13", "1.yaml:6:13"),
        ("2.yaml:6:12", "1.yaml:7:12"),
        ("2.yaml:7:23", "1.yaml:8:23"),
        ("2.yaml:7:37", "1.yaml:8:37"),
        ("2.yaml:7:59", "1.yaml:8:83"),
        ("2.yaml:7:75", "1.yaml:8:99"),
        ("2.yaml:7:91", "1.yaml:8:47"),
    }


def test_what_adds_up_over_files(tmp_path: Path) -> None:
    """`removed`, `forget`, `include`, `require_addresses`, and the version that each may repeat."""
    files = {
        "1.yaml": HEAD + "version: 1\nremoved: [p/alias/a@x.example]\nforget: [p/alias/c@x.example]\n"
        "policies: {require_addresses: [postmaster, Abuse]}\n",
        "2.yaml": "version: 1\nremoved: [p/alias/b@x.example]\nforget: [p/alias/c@x.example]\n"
        "policies: {require_addresses: [abuse, info]}\n",
    }
    manifest = load(tmp_path, files, ".")
    assert sorted(map(str, manifest.removed)) == ["p/alias/a@x.example", "p/alias/b@x.example"]
    assert list(map(str, manifest.forget)) == ["p/alias/c@x.example"]
    assert manifest.policies.require_addresses == ("postmaster", "abuse", "info")


def test_the_order_of_files_does_not_matter(tmp_path: Path) -> None:
    """All that is declared is the same."""
    files = {
        "1.yaml": HEAD + "templates: {t: {quota: 1 GiB, aliases: {a: '{{ vars.v }}'}}}\n",
        "2.yaml": "vars: {v: v@x.example}\ndomains: {example.com: {use: [t], mailboxes: {m: }}}\n",
        "3.yaml": "domains: {example.com: {aliases: {b: b@x.example}}, b.example: {use: [t]}}\n",
    }
    one, two = load(tmp_path, files, "1.yaml", "2.yaml", "3.yaml"), load(tmp_path, {}, "3.yaml", "2.yaml", "1.yaml")
    assert (one.resources, one.domains, one.providers) == (two.resources, two.domains, two.providers)
    assert one.digest == two.digest
