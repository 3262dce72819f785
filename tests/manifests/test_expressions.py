"""Values that are computed (interface, 1.4): what they are, what they may reach, and what they cannot do."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from manifest_fakes import desired, fields, load, refused

from reconciler.errors import UsageError
from reconciler.manifests.findings import guess
from reconciler.manifests.sandbox import Sandbox
from reconciler.manifests.variables import ExpressionError
from reconciler.model.secret import Plaintext, SecretRef

D = "HEAD\ndomains:\n  example.com:\n"


def evaluate(text: str, **variables: Any) -> Any:
    return Sandbox(guess).evaluate(text, {"vars": variables})


def description(folder: Path, value: str, given: str = "{}", **request: Any) -> Any:
    """What a domain's description `value` becomes, with `given` as vars."""
    text = f"vars: {given}\n{D}    description: {value}\n"
    return fields(load(folder, text, **request), "hosting/domain/example.com")["description"]


# What they are


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("'{{ vars.a }}'", "x"),
        ("'<{{ vars.a }}-{{vars.n}}>'", "<x-5>"),
        ("'{{ vars.a | upper }}'", "X"),
        ("'{{ vars.deep.er[1] }}'", "z"),
        ("'{{ vars[\"a\"] ~ 1 }}'", "x1"),
        ("'{{ vars.none | default(\"d\") }}'", "d"),
        ('\'{{ "yes" if vars.n > 4 else "no" }}\'', "yes"),
        ("'{{ vars.deep.er | join(\"+\") }}'", "y+z"),
        ('\'{{ vars.a.replace("x", "y") }}\'', "y"),
        ("'{{ vars.items }}'", "a variable, not a method"),
        ("|\n      {{ vars.a }}\n", "x\n"),
    ],
)
def test_expressions_are_jinja(tmp_path: Path, value: str, wanted: str) -> None:
    """With variables, filters, methods of texts, conditions."""
    given = "{a: x, n: 5, deep: {er: [y, z]}, items: 'a variable, not a method'}"
    assert description(tmp_path, value, given) == wanted


def test_a_whole_expression_keeps_its_type(tmp_path: Path) -> None:
    """A flag, a number, null, a list, a mapping; and in whatever place."""
    manifest = load(
        tmp_path,
        "vars: {yes: true, many: 7, no: null, team: [a@b.example, c@d.example], box: {name: Box, quota: 1 GiB}}\n"
        + D
        + "    active: '{{ vars.yes }}'\n    max_aliases: '{{ vars.many + 1 }}'\n    description: '{{ vars.no }}'\n"
        + "    catch_all: '{{ vars.team }}'\n    mailboxes: {j: '{{ vars.box }}'}\n",
    )
    domain = fields(manifest, "hosting/domain/example.com")
    assert domain == {
        "active": True,
        "max_aliases": 8,
        "description": None,
        "catch_all": ("a@b.example", "c@d.example"),
    }
    assert fields(manifest, "hosting/mailbox/j@example.com") == {"name": "Box", "quota": 1024**3}


def test_variables_may_use_others_in_any_order(tmp_path: Path) -> None:
    """They are computed when they are used."""
    assert description(tmp_path, "'{{ vars.a }}'", "{a: '{{ vars.b.c }}!', b: {c: '{{ vars.d }}', e: 1}, d: x}") == "x!"
    assert description(tmp_path, "'{{ vars.t.a }}'", "{t: {a: '{{ vars.t.b }}', b: x}}") == "x"


def test_variables_of_several_files_are_one(tmp_path: Path) -> None:
    """Also those that an included file gives."""
    files = {
        "mailsync.yaml": "include: [v.yaml]\nvars: {a: '{{ vars.b }}'}\n" + D + "    description: '{{ vars.a }}'\n",
        "v.yaml": "vars: {b: x}\n",
    }
    assert fields(load(tmp_path, files), "hosting/domain/example.com")["description"] == "x"
    found = refused(tmp_path, {**files, "v.yaml": "vars: {b: x, a: y}\n"})
    assert [(finding.code, str(finding.location)) for finding in found] == [("given-twice", "v.yaml:1:14")]
    assert "mailsync.yaml:2:8" in found[0].message


def test_what_comes_out_is_never_read_again(tmp_path: Path) -> None:
    """Neither as an expression nor as a reference."""
    assert description(tmp_path, "'{{ vars.a }}'", "{a: \"{{ '{{ 1 + 1 }}' }}\"}") == "{{ 1 + 1 }}"
    text = D + "    mailboxes: {j: {password: \"{{ '${env:X}' }}\"}}\n"
    secret = desired(load(tmp_path, text), "hosting/mailbox/j@example.com").secrets["password"]
    assert secret.source == Plaintext("${env:X}")
    assert description(tmp_path, "'{{ vars.a }}'", variables=("a={{ vars.b }}",)) == "{{ vars.b }}"


def test_what_is_hidden_by_escapes_is_read_as_well(tmp_path: Path) -> None:
    """YAML can write `{{` without a brace."""
    assert description(tmp_path, '"\\x7b\\x7b vars.a }}"', "{a: x}") == "x"


# From the command line


def test_var_overrides_var_file_overrides_vars(tmp_path: Path) -> None:
    """The last of each wins; files are relative to the working directory."""
    (tmp_path / "one.yaml").write_text("{a: 1-file, b: 1-file, c: 1-file}")
    (tmp_path / "two.yaml").write_text("{b: 2-file, c: 2-file}")
    request: dict[str, Any] = {"variable_files": ("one.yaml", "two.yaml"), "variables": ("c=x", "c=var")}
    value = "'{{ vars.a }} {{ vars.b }} {{ vars.c }} {{ vars.d }}'"
    assert description(tmp_path, value, "{a: m, b: m, c: m, d: m}", **request) == "1-file 2-file var m"


@pytest.mark.parametrize(
    ("written", "wanted"),
    [("a=5", 5), ("a='5'", "5"), ('a="5"', "5"), ("a=true", True), ("a=", None), ("a=x=y", "x=y"), ("a=[1]", "[1]")],
)
def test_a_variable_of_the_command_line_is_a_yaml_scalar(tmp_path: Path, written: str, wanted: Any) -> None:
    """Quotes make text; there are no lists."""
    manifest = load(tmp_path, "vars: {w: '{{ vars.a }}'}\nHEAD\n", variables=(written,))
    assert manifest.vars_digest == load(tmp_path, "HEAD\n", variables=(written,)).vars_digest
    kind = "'{{ (vars.a is string) ~ (vars.a is number) ~ (vars.a is none) ~ vars.a | default(0) }}'"
    if wanted is not None:
        shown = description(tmp_path, kind, variables=(written,))
        assert shown == f"{isinstance(wanted, str)}{isinstance(wanted, int)}{wanted is None}{wanted}"


@pytest.mark.parametrize("written", ["a", "=b", "a='x", f"a={'9' * 100}"])
def test_a_variable_that_is_none_is_wrong_usage(tmp_path: Path, written: str) -> None:
    """Exit code 64, not an error of the manifest."""
    with pytest.raises(UsageError):
        load(tmp_path, "HEAD\n", variables=(written,))


@pytest.mark.parametrize(("text", "code"), [("[a]", "wrong-type"), ("{a: 1, a: 2}", "duplicate-key"), ("{", "syntax")])
def test_a_file_of_variables_has_its_own_errors(tmp_path: Path, text: str, code: str) -> None:
    """With their place in it."""
    (tmp_path / "v.yaml").write_text(text)
    [finding] = refused(tmp_path, "HEAD\n", variable_files=("v.yaml",))
    assert finding.code == code
    assert finding.location is not None
    assert finding.location.file == "v.yaml"


# References


def test_references_stand_where_secrets_do(tmp_path: Path) -> None:
    """Settings of providers and state, passwords, secrets of webhooks. A path is relative to the file that holds it."""
    text = (
        "providers: {p: {type: imply, token: '${env:T}', base_url: '${file:url}', timeout: '${env:N}'}}\n"
        "state: {backend: http, address: '${env:A}', password: '${file:pw}'}\n"
        "domains: {example.com: {mailboxes: {j: {password: '${file:../j}', password_version: 3}}}}\n"
        "webhooks: {w: {url: 'https://a.example/', secret: '${env:S}'}}\n"
    )
    manifest = load(tmp_path, {"sub/m.yaml": text}, "sub/m.yaml")
    base = str(tmp_path / "sub")
    assert manifest.providers["p"].settings == {
        "token": SecretRef("env", "T"),
        "base_url": SecretRef("file", "url", base),
        "timeout": SecretRef("env", "N"),
    }
    assert manifest.state.settings == {"address": SecretRef("env", "A"), "password": SecretRef("file", "pw", base)}
    password = desired(manifest, "p/mailbox/j@example.com").secrets["password"]
    assert (password.source, password.version) == (SecretRef("file", "../j", base), 3)
    secret = desired(manifest, "p/webhook/https://a.example/").secrets["secret"]
    assert (secret.source, secret.version) == (SecretRef("env", "S"), 1)
    assert manifest.diagnostics == ()


# What they cannot do

HOSTILE = (
    "'a' * 10**10", "[1] * 10**9", "(1, 2) * 10**9", "10**10 * 'a'", "9**(9**9)", "2**100000", "(-2)**99999",
    "'a' | center(10**9)", "'%999999999d' % 1", "'{:>999999999}'.format(1)", "'a'.ljust(10**9)", "'a'.zfill(10**9)",
    "'a' | format(1)", "'x' | indent(10**9)", "'x' | replace('', 'y' * 60000) | replace('', 'y' * 60000)",
    "('a' * 60000) | replace('a', 'a' * 60000)", "('a' * 60000).replace('a', 'a' * 60000)",
    "('a,' * 30000).split(',') | join('a' * 60000)", "vars.big ~ vars.big", "[vars.big, vars.big]", "[vars.many] * 60000",
    "range(10**9)", "range(10**9) | list", "lipsum(n=10**6)", "cycler(1)", "namespace()", "dict()", "self", "self.x",
    "''.__class__", "''['__class__']", "''|attr('__class__')", "().__class__.__bases__", "vars.__class__",
    "vars._raw", "vars._evaluate", "vars['_raw']", "vars.get.__self__", "vars.get.__globals__", "vars.a.__init__",
    "''.join.__self__", "x.__class__", "vars.a.encode()", "vars.a.format_map(vars)", "vars.keys()", "vars.a.split",
    "vars.items() | list | first | attr('x')", "vars | pprint", "vars | random", "vars.many | batch(2) | list",
    "1 / 0", "1 % 0", "'a' + 1", "1 + 'a'", "{} < {}", "[1][5]", "vars.a[100000000000]", "10.0 ** 400",
    "vars.many | sum", "[[]] | map('list') | list", "1 is divisibleby 0", "vars.get()",
    "(" * 300 + "1" + ")" * 300, "-" * 900 + "1", "not " * 400 + "1", "[" * 300 + "]" * 300,
    "1" + "+1" * 400, "1 if " * 200 + "1", "'a' ~ " * 900 + "'a'", "vars.a.upper." * 300 + "x", "{" * 200 + "}" * 200,
    "", "1 2", "1 +", "'", "}}", "vars.", "loop.index", "import os", "lambda: 1", "x = 1", "a.b(*c, **d)", "caller()",
    "vars.a | upper(1, 2, 3)", "vars.a | map('upper')", "vars.many | unique", "true and vars.a.nope",
)  # fmt: skip


@pytest.mark.parametrize("expression", HOSTILE, ids=lambda text: text[:40])
def test_a_hostile_expression_is_an_error_and_soon(expression: str) -> None:
    """Not a hang, not a gigabyte, not a look at an attribute."""
    many = [list(range(50)) for _ in range(50)]
    began = time.process_time()
    with pytest.raises(ExpressionError):
        evaluate("{{ " + expression + " }}", a="x", big="b" * 60000, many=many)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "text",
    ["{% for a in [1] %}{{ a }}{% endfor %}", "{{ 1 }}{% raw %}{% endraw %}", "{%- set a = 1 -%}", "{{ 1 }}{% x"],
)
def test_statements_are_errors(text: str) -> None:
    """Also ones that do nothing."""
    with pytest.raises(ExpressionError, match=r"not allowed|tag|syntax|expected"):
        evaluate(text)


def test_work_is_bounded_over_all_expressions() -> None:
    """A thousand of them, each allowed by itself, do not hang either."""
    sandbox = Sandbox(guess)
    began = time.process_time()

    def evaluate_often() -> None:
        for _ in range(100_000):
            sandbox.evaluate("{{ vars.big[1:] }}", {"vars": {"big": "b" * 60000}})

    with pytest.raises(ExpressionError, match="too large"):
        evaluate_often()
    assert time.process_time() - began < 10


def test_shared_lists_do_not_grow_when_they_are_written_out(tmp_path: Path) -> None:
    """Ten times ten times ten members take no more room in memory than ten, until they are text."""
    given = "{a: '{{ [1] * 60000 }}', b: '{{ [vars.a, vars.a] }}', c: '{{ [vars.b, vars.b] }}'}"
    codes = {finding.code for finding in refused(tmp_path, f"vars: {given}\nHEAD\n")}
    assert codes == {"expression"}


def test_a_long_chain_of_variables_is_an_error(tmp_path: Path) -> None:
    """Not a RecursionError; and so is one in a circle, whatever its length."""
    chain = "".join(f"  v{n}: '{{{{ vars.v{n + 1} }}}}'\n" for n in range(2000))
    assert refused(tmp_path, f"vars:\n{chain}  v2000: x\nHEAD\n")[0].code == "expression"
    assert refused(tmp_path, f"vars:\n{chain}  v2000: '{{{{ vars.v0 ~ 1 }}}}'\nHEAD\n")[0].code == "expression"


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="{}%$#'\"()[].,|~+-*/ avrs_x019:\n", max_size=40), st.booleans())
def test_any_text_is_a_value_or_an_error(text: str, whole: bool) -> None:
    """Whatever stands between the braces."""
    try:
        value = evaluate("{{" + text + "}}" if whole else text + "{{ vars.a }}", a="x", b=[1, {"c": "d"}])
    except ExpressionError:
        return
    assert isinstance(value, str | int | float | list | dict | None)


def test_jinja_is_imported_for_more_than_names_only() -> None:
    """It costs start-up time, and most manifests use variables only."""
    code = (
        "import sys\n"
        "from reconciler.manifests.expressions import Expressions\n"
        "from reconciler.manifests.documents import Document, Part\n"
        "from reconciler.manifests.findings import Findings\n"
        "part = lambda text: Part(Document('m', 'm', b'{{'), (), text)\n"
        "expressions = Expressions((), Findings())\n"
        "expressions.define({'a': part('x')}, {})\n"
        "print(expressions.render(part('{{ vars.a }}@{{ domain }}'), 'b.example').body, 'jinja2' in sys.modules)\n"
        "print(expressions.render(part('{{ vars.a | upper }}')).body, 'jinja2' in sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "x@b.example False\nX True\n"
