"""Where secret values come from."""

import os
from pathlib import Path

import pytest

from reconciler.errors import SecretUnavailable
from reconciler.model.secret import SecretRef
from reconciler.secrets import env, file


def at(folder: Path, name: str) -> SecretRef:
    return SecretRef("file", name, str(folder))


def read(folder: Path, content: bytes) -> str:
    (folder / "secret").write_bytes(content)
    return file.resolve(at(folder, "secret"), {})


def test_env_gives_the_variable_of_that_name():
    assert env.resolve(SecretRef("env", "KEY"), {"KEY": " s3cret "}) == " s3cret "


def test_a_variable_that_is_not_set_is_named():
    with pytest.raises(SecretUnavailable, match=r"\$\{env:KEY\}.*not set"):
        env.resolve(SecretRef("env", "KEY"), {"OTHER": "s3cret"})


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"s3cret", "s3cret"),
        (b"s3cret\n", "s3cret"),
        (b"s3cret\r\n", "s3cret"),
        (b"s3cret\n\n", "s3cret\n"),
        (b"s3cret\r", "s3cret\r"),
        (b" s3cret \n", " s3cret "),
        ("pässwörd\n".encode(), "pässwörd"),
        (b"\xef\xbb\xbfs3cret", "\ufeffs3cret"),
    ],
)
def test_exactly_one_newline_at_the_end_is_dropped(tmp_path, content, value):
    """Editors and `echo` add one; whatever else is there belongs to the secret."""
    assert read(tmp_path, content) == value


def test_a_relative_path_starts_from_the_file_that_names_it(tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "api").write_text("s3cret")
    assert file.resolve(at(tmp_path, "keys/api"), {}) == "s3cret"


def test_an_absolute_path_is_taken_as_it_is(tmp_path):
    (tmp_path / "api").write_text("s3cret")
    assert file.resolve(at(Path("/nowhere"), str(tmp_path / "api")), {}) == "s3cret"


@pytest.mark.parametrize("name", ["missing", "folder", "pipe", "folder/under/nothing", "nul\0byte"])
def test_what_is_no_readable_file_is_named_at_once(tmp_path, name):
    """A named pipe neither, which would else wait for ever."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SecretUnavailable) as caught:
        file.resolve(at(tmp_path, name), {})
    assert str(at(tmp_path, name)) in caught.value.message


def test_what_is_not_utf_8_is_refused_without_quoting_it(tmp_path):
    with pytest.raises(SecretUnavailable, match="not UTF-8") as caught:
        read(tmp_path, b"canary\xff")
    assert "canary" not in repr(caught.value) + repr(caught.value.__context__) + repr(caught.value.__cause__)


def test_a_file_of_up_to_1_MiB_is_read_and_a_larger_one_refused(tmp_path):
    assert len(read(tmp_path, b"x" * 1024 * 1024)) == 1024 * 1024
    with pytest.raises(SecretUnavailable, match="over 1 MiB"):
        read(tmp_path, b"x" * (1024 * 1024 + 1))
