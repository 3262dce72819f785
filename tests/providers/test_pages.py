"""Lists in several answers: followed to the end, and never taken for complete when they are not."""

import pytest

from reconciler.providers.rest.messages import Request
from reconciler.providers.rest.pages import cursor, numbered, single, whole

NUMBERED = numbered("items", total="pagination.total", size=("per_page", 2))
CURSOR = cursor("emails", parameter="cursor", then="nextCursor")


def walk(pages, *bodies):
    """All items, and the queries that were sent; every body is asked for."""
    queries = []
    steps = pages(Request("GET", "things"))
    request = next(steps)
    for body in bodies:
        queries.append(dict(request.query))
        try:
            request = steps.send(body)
        except StopIteration as end:
            assert len(queries) == len(bodies)
            return end.value, queries
    raise AssertionError("it asks for more")


def page(total, *members):
    return {"items": list(members), "pagination": {"total": total}}


def test_numbered_pages_end_when_all_is_there():
    found, queries = walk(NUMBERED, page(3, "a", "b"), page(3, "c"))
    assert found == ["a", "b", "c"]
    assert queries == [{"page": 1, "per_page": 2}, {"page": 2, "per_page": 2}]


def test_an_empty_list_is_one_page():
    assert walk(NUMBERED, page(0))[0] == []


def test_full_pages_need_no_empty_one_after_them():
    assert walk(NUMBERED, page(4, "a", "b"), page(4, "c", "d"))[0] == ["a", "b", "c", "d"]


def test_the_last_page_says_how_many_there_are():
    """Something came and something went meanwhile."""
    assert walk(NUMBERED, page(2 + 1, "a", "b"), page(4, "c"), page(4, "d"))[0] == ["a", "b", "c", "d"]
    assert walk(NUMBERED, page(5, "a", "b"), page(3, "c"))[0] == ["a", "b", "c"]


def test_a_server_with_smaller_pages_is_followed_all_the_same():
    assert walk(NUMBERED, page(2, "a"), page(2, "b"))[0] == ["a", "b"]


@pytest.mark.parametrize(
    ("bodies", "words"),
    [
        ([page(3, "a", "b"), page(3)], "ends after 2 of 3"),
        ([page(9, "a", "b"), page(9, "a", "b")], "page 2 is page 1 again"),
        ([{"items": ["a"]}], "'pagination.total' is not a number"),
        ([{"items": ["a"], "pagination": {"total": "1"}}], "'pagination.total' is not a number"),
        ([{"pagination": {"total": 1}}], "it has no 'items'"),
        ([[]], "it has no 'items'"),
        ([{"items": {}, "pagination": {"total": 1}}], "it is not a list in 'items'"),
    ],
)
def test_an_incomplete_numbered_list_is_an_error(bodies, words):
    with pytest.raises(ValueError, match=words):
        walk(NUMBERED, *bodies)


@pytest.mark.parametrize("end", [{}, {"nextCursor": None}, {"nextCursor": ""}])
def test_cursors_are_followed_until_there_is_none(end):
    found, queries = walk(CURSOR, {"emails": [1], "nextCursor": "x y/"}, {"emails": [2], **end})
    assert found == [1, 2]
    assert queries == [{}, {"cursor": "x y/"}]


@pytest.mark.parametrize(
    ("bodies", "words"),
    [
        ([{"emails": [1], "nextCursor": "x"}, {"emails": [2], "nextCursor": "x"}], "the cursor 'x' came twice"),
        ([{"emails": [1], "nextCursor": "x"}, {"nextCursor": "y"}], "it has no 'emails'"),
        ([{"emails": [1], "nextCursor": 7}], "'nextCursor' is not a text"),
    ],
)
def test_a_cursor_that_leads_nowhere_is_an_error(bodies, words):
    with pytest.raises(ValueError, match=words):
        walk(CURSOR, *bodies)


def test_one_answer_may_be_the_whole_list():
    assert walk(single, [1, 2])[0] == [1, 2]
    assert walk(whole("domains"), {"domains": [1]})[0] == [1]
    assert walk(whole("domains", total="total"), {"domains": [1], "total": 1})[0] == [1]


def test_a_whole_list_that_is_shorter_than_it_says_is_an_error():
    with pytest.raises(ValueError, match="it lists 1 of 3"):
        walk(whole("domains", total="total"), {"domains": [1], "total": 3})
