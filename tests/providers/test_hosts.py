"""Which hosts may be talked to."""

import pytest

from reconciler.errors import HostRefused
from reconciler.providers.hosts import check_host, host_of, normal_url


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://mail.example.com/api/v1", "https://mail.example.com/api/v1"),
        ("https://Mail.Example.COM/api/v1/", "https://mail.example.com/api/v1"),
        ("https://münchen.example", "https://xn--mnchen-3ya.example"),
        ("https://mail.example.com:8443/Case/Kept", "https://mail.example.com:8443/Case/Kept"),
        ("http://[::1]:8080/api", "http://[::1]:8080/api"),
    ],
)
def test_a_base_url_is_compared_and_used_in_one_form(url, normal):
    """Host in lower-case A-labels, no slash at the end."""
    assert normal_url(url) == normal


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.com",
        "ftp://mail.example.com",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://user:secret@mail.example.com",
        "https://good.example\\@evil.example",
        "https://good.example\\.evil.example",
        "https://good.example#@evil.example",
        "https://mail.example.com?x=1",
        "https://mail.example.com/%0d%0a" + "\n",
        "https://mail example.com",
        "https://mail.example.com:port",
        "https://mail%2eexample.com",
        "https://xn--a-ü-.example",
    ],
)
def test_what_could_be_read_as_another_host_is_no_base_url(url):
    with pytest.raises(ValueError):
        normal_url(url)


def test_a_password_in_a_url_is_not_shown():
    with pytest.raises(HostRefused) as caught:
        check_host("https://user:hunter2@mail.example.com")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/api", "http://localhost", "http://[::1]/", "http://127.5.0.1", "https://8.8.8.8"]
)
def test_plain_http_is_for_this_machine(url):
    check_host(url)


@pytest.mark.parametrize("url", ["http://mail.example.com", "http://10.0.0.1", "http://localhost.evil.example"])
def test_plain_http_elsewhere_needs_consent(url):
    with pytest.raises(HostRefused, match="unencrypted"):
        check_host(url)
    check_host(url, allow_http=True)


@pytest.mark.parametrize(
    ("url", "globs"),
    [
        ("https://mail.example.com", ["*.example.com"]),
        ("https://MAIL.example.com.", ["mail.example.com"]),
        ("https://münchen.example", ["xn--mnchen-3ya.example"]),
        ("https://xn--mnchen-3ya.example", ["other.example", " MÜNCHEN.example "]),
        ("http://127.0.0.1:9", ["127.0.0.1"]),
        ("http://[::1]:9", ["::1"]),
    ],
)
def test_allowed_hosts_are_globs_on_the_host(url, globs):
    check_host(url, allowed_hosts=globs)


@pytest.mark.parametrize(
    ("url", "globs"),
    [
        ("https://example.com.evil.net", ["*.example.com", "example.com"]),
        ("https://evil.net/example.com", ["example.com"]),
        ("https://example.com", []),
        ("https://münchen.example", ["munchen.example"]),
    ],
)
def test_any_other_host_is_refused(url, globs):
    """Whatever stands in its path, and whatever it looks like."""
    with pytest.raises(HostRefused, match=r"hosting: .* is not among the allowed hosts"):
        check_host(url, allowed_hosts=globs, provider="hosting")


def test_a_host_is_told_without_brackets_and_final_dot():
    assert host_of("https://[::1]:80/x") == "::1"
    assert host_of("https://example.com./x") == "example.com"
