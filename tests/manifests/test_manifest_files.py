"""Which files are the manifest (interface, 1.1)."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from manifest_fakes import load, refused

from reconciler.errors import MailsyncError


def domains(folder: Path, files: Mapping[str, str | bytes], *named: str, **request: object) -> list[str]:
    return sorted(load(folder, {"mailsync.yaml": "HEAD\n", **files}, *named, **request).domains)


def domain(name: str, *include: str) -> str:
    return f"include: {list(include)}\ndomains: {{{name}.example: }}\n"


def test_the_default_is_mailsync_yaml(tmp_path: Path) -> None:
    """And nothing else of the folder."""
    assert domains(tmp_path, {"mailsync.yaml": "HEAD\n" + domain("a"), "b.yaml": domain("b")}) == ["a.example"]


def test_includes_are_globs_relative_to_their_file(tmp_path: Path) -> None:
    """And may include further files."""
    files = {
        "mailsync.yaml": "HEAD\n" + domain("root", "teams/*.yaml"),
        "teams/a.yaml": domain("a", "deep/**/*.yml", "../b.yaml"),
        "teams/deep/c.yml": domain("c"),
        "teams/deep/er/d.yml": domain("d"),
        "teams/deep/er/skipped.yaml": "domains: [",
        "b.yaml": domain("b"),
    }
    assert domains(tmp_path, files) == [f"{name}.example" for name in ("a", "b", "c", "d", "root")]


def test_a_directory_is_all_manifests_below_it(tmp_path: Path) -> None:
    """`*.yaml` and `*.yml`, but nothing hidden and no other files."""
    files = {
        "m/x.yaml": "HEAD\n" + domain("x"),
        "m/deep/er/y.yml": domain("y"),
        "m/.git/z.yaml": "[",
        "m/.hidden.yaml": "[",
        "m/readme.txt": "[",
    }
    assert domains(tmp_path, files, "m") == ["x.example", "y.example"]


def test_several_files_are_one_manifest(tmp_path: Path) -> None:
    """Also when they are named one by one, in any order."""
    files = {"a.yaml": domain("a"), "b.yaml": "HEAD\n" + domain("b")}
    assert domains(tmp_path, files, "a.yaml", "b.yaml") == domains(tmp_path, files, "b.yaml", "a.yaml")


def test_a_file_reached_twice_is_read_once(tmp_path: Path) -> None:
    """By two includes, in a circle, by two names, or through a link."""
    (tmp_path / "link.yaml").symlink_to("b.yaml")
    files = {
        "mailsync.yaml": "HEAD\n" + domain("a", "b.yaml", "./b.yaml", "*.yaml", "link.yaml"),
        "b.yaml": domain("b", "mailsync.yaml"),
    }
    assert domains(tmp_path, files, "mailsync.yaml", "./mailsync.yaml", "link.yaml") == ["a.example", "b.example"]


def test_a_glob_may_match_nothing(tmp_path: Path) -> None:
    """But a file that is named must be there (see the broken manifests)."""
    assert domains(tmp_path, {"mailsync.yaml": "HEAD\n" + domain("a", "teams/*.yaml", "no/**")}) == ["a.example"]


def test_files_of_variables_are_no_manifests(tmp_path: Path) -> None:
    """Although they look like it, and lie beside them."""
    files = {"m/a.yaml": "HEAD\n" + domain("a"), "m/vars.yaml": "ops: x@y.example\n"}
    assert domains(tmp_path, files, "m", variable_files=("m/vars.yaml",)) == ["a.example"]


@pytest.mark.parametrize(
    "pattern", ["../x.yaml", "../*", "sub/../../x.yaml", "out/x.yaml", "out/*", "**/*.yaml", "x.yaml"]
)
def test_an_include_never_leaves_the_root_directory(tmp_path: Path, pattern: str) -> None:
    """Not by `..`, and not by a link to a file or directory."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x.yaml").write_text("domains: {leaked.example: {}}")
    (tmp_path / "x.yaml").write_text("domains: {leaked.example: {}}")
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "out").symlink_to("../outside")
    (root / "x.yaml").symlink_to("../outside/x.yaml")
    [finding] = refused(root, {"mailsync.yaml": f"HEAD\ninclude: ['{pattern}']\n"})
    assert "leads out of the root directory" in finding.message


def test_a_directory_is_not_left_through_a_link(tmp_path: Path) -> None:
    """A manifest that is skipped without a word would delete what it declares, so this is an error."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "out").symlink_to("../outside")
    [finding] = refused(tmp_path, {"m/a.yaml": "HEAD\n"}, "m")
    assert "leads out" in finding.message


def test_links_within_the_root_directory_are_followed(tmp_path: Path) -> None:
    """Also ones in a circle, which end."""
    files = {"m/a.yaml": "HEAD\n", "m/real/b.yaml": domain("b")}
    (tmp_path / "m" / "real").mkdir(parents=True)
    (tmp_path / "m" / "also").symlink_to("real")
    (tmp_path / "m" / "real" / "again").symlink_to("..")
    (tmp_path / "m" / "real" / "more").symlink_to(".")
    assert domains(tmp_path, files, "m") == ["b.example"]


def test_the_root_directory_is_that_of_the_first_file(tmp_path: Path) -> None:
    """Includes of later ones may not leave it either."""
    files = {"one/a.yaml": "HEAD\n", "two/b.yaml": "include: [c.yaml]\n", "two/c.yaml": domain("c")}
    [finding] = refused(tmp_path, files, "one/a.yaml", "two/b.yaml")
    assert str(finding.location) == "two/b.yaml:1:11"
    assert load(tmp_path, files, "one").root == str(tmp_path / "one")
    assert load(tmp_path, files, "one/a.yaml").root == str(tmp_path / "one")


@pytest.mark.parametrize(
    ("named", "says"),
    [("nope.yaml", "no such file"), ("empty", "no *.yaml"), ("pipe", "regular file"), ("secret.yaml", "Permission")],
)
def test_what_cannot_be_read_is_an_error_that_names_it(tmp_path: Path, named: str, says: str) -> None:
    """Missing, a directory without manifests, a pipe, no permission."""
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "secret.yaml").write_text("")
    (tmp_path / "secret.yaml").chmod(0)
    if named == "secret.yaml" and os.access(tmp_path / "secret.yaml", os.R_OK):
        says = "no provider"  # who runs as root may read everything; what is in the file is then the matter
        (tmp_path / "secret.yaml").write_text("domains: {a.example: {}}")
    with pytest.raises(MailsyncError) as caught:
        load(tmp_path, {}, named)
    assert caught.value.exit_code == 1
    assert says in caught.value.message


def test_names_are_shown_as_the_user_wrote_them(tmp_path: Path) -> None:
    """Relative to the working directory, not to the root."""
    files = {"m/a.yaml": "HEAD\ninclude: [sub/../b.yaml]\n", "m/b.yaml": "nope: 1\n"}
    (tmp_path / "m" / "sub").mkdir(parents=True)
    for named, shown in (("m", "m/b.yaml"), ("./m", "m/b.yaml"), ("m/a.yaml", "m/b.yaml")):
        assert str(refused(tmp_path, files, named)[0].location) == f"{shown}:1:1"


def test_the_digest_covers_content_and_variables(tmp_path: Path) -> None:
    """Not where the folder lies, nor the order in which files are named."""
    files = {"a.yaml": "HEAD\n" + domain("a"), "b.yaml": domain("b")}
    one, two = load(tmp_path / "1", files, "a.yaml", "b.yaml"), load(tmp_path / "2", files, "b.yaml", "a.yaml")
    assert one.digest == two.digest
    assert one.digest != load(tmp_path / "1", files, ".", variables=("x=1",)).digest
    assert one.vars_digest == load(tmp_path / "1", {**files, "a.yaml": "HEAD\n"}, ".").vars_digest
    assert one.vars_digest != load(tmp_path / "1", files, ".", variables=("x=1",)).vars_digest
    changed = load(tmp_path / "1", {**files, "a.yaml": "HEAD\n#\n" + domain("a")}, ".")
    assert one.digest != changed.digest
