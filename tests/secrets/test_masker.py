"""What has been resolved shows nowhere."""

import base64
import html
import json
import time
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.secrets.masker import Masker

TRICKY = 'pä"ss/wörd+&%\n\\ <x>'
values = st.text(st.characters(exclude_categories=["Cs"]), min_size=4, max_size=30)


def masking(*secrets: str) -> Masker:
    masker = Masker()
    for secret in secrets:
        masker.remember(secret)
    return masker


def test_text_without_secrets_stays():
    assert masking("hunter22").mask("nothing to see") == "nothing to see"
    assert masking().mask("hunter22") == "hunter22"


def test_every_occurrence_is_masked():
    assert masking("hunter22").mask("hunter22 hunter22hunter22") == "*** ******"


def test_the_longest_of_several_goes_first():
    """Or the rest of the longer one would remain."""
    assert masking("hunter", "hunter22").mask("a hunter22 and a hunter") == "a *** and a ***"


@pytest.mark.parametrize(
    "form",
    [
        TRICKY,
        json.dumps(TRICKY)[1:-1],
        json.dumps(TRICKY, ensure_ascii=False)[1:-1],
        json.dumps(TRICKY)[1:-1].replace("/", r"\/"),
        repr(TRICKY)[1:-1],
        html.escape(TRICKY),
        quote(TRICKY),
        quote(TRICKY, safe=""),
        quote(TRICKY, safe="").lower(),
        urlencode({"": TRICKY})[1:],
    ],
)
def test_a_value_is_masked_as_it_travels_and_comes_back(form):
    """In JSON, from PHP, in Python's own words, in HTML, in a URL and in a form."""
    assert masking(TRICKY).mask(f"<{form}>") == "<***>"


@pytest.mark.parametrize("user", ["", "a:", "ab:", "abc:", "admin@example.com:"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_value_is_masked_in_base64_wherever_it_stands(user, encode):
    """Also behind a user name, as in the header of basic authentication."""
    encoded = encode(f"{user}{TRICKY}!".encode()).decode()
    masked = masking(TRICKY).mask(encoded)
    hidden = encoded
    for part in masked.split("***"):
        hidden = hidden.replace(part, "", 1)
    assert "***" in masked
    # All characters but those that hold a neighbour's bits too.
    assert len(hidden) >= len(TRICKY.encode()) * 8 // 6 - 2


def test_a_short_value_is_masked_only_where_it_is_the_whole_text():
    """`on` is part of too many words."""
    assert masking("on").mask("on") == "***"
    assert masking("on").mask("Jon is on") == "Jon is on"


def test_the_empty_value_masks_nothing():
    assert masking("").mask("") == ""


def test_a_value_that_comes_later_is_masked_from_then_on():
    masker = masking("first-secret")
    assert masker.mask("first-secret second-secret") == "*** second-secret"
    masker.remember("second-secret")
    assert masker.mask("first-secret second-secret") == "*** ***"


def test_a_value_with_a_lone_surrogate_is_no_trouble():
    assert masking("abc\udcffdef").mask("xabc\udcffdefx") == "x***x"


@given(secrets=st.lists(values, max_size=5), text=st.text(max_size=30), data=st.data())
def test_no_remembered_value_survives_in_any_text(secrets, text, data):
    """Whatever the values look like, and whatever stands around them."""
    masker = masking(*secrets)
    for secret in secrets:
        text = f"{text}|{secret}|{data.draw(st.text(max_size=5))}"
    masked = masker.mask(text)
    assert all(secret not in masked for secret in secrets if "*" not in secret)


def test_ten_thousand_values_and_a_large_text_take_moments():
    """Linear in the text whatever the number of values: an apply that creates 10,000 mailboxes masks each line."""
    masker = masking(*(f"secret-{number}-{number * 7919 % 10007}" for number in range(10_000)))
    text = "nothing to hide here, secret-5-39595 neither; " * 10_000
    start = time.process_time()
    masked = masker.mask(text)
    assert time.process_time() - start < 5
    assert len(masked) <= len(text)
