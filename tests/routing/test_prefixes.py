"""What a prompt begins with."""

from hypothesis import given
from hypothesis import strategies as st

from adapters.types import Json
from routing.prefixes import prefixes


def prompt(*texts: str) -> Json:
    return {"messages": [{"role": "user", "content": text} for text in texts]}


texts = st.lists(st.integers(0, 9000).map(lambda size: "x" * size), min_size=1, max_size=6)


@given(texts, st.integers(0, 3000))
def test_whoever_goes_on_shares_a_beginning_unless_much_is_new(old: list[str], new: int) -> None:
    before = prompt(*old)
    size = sum(len(text) for text in old)
    shared = set(prefixes(before)) & set(prefixes(prompt(*old, "y" * new)))

    if size >= 8192 and new < size // 4:
        assert shared


@given(texts)
def test_there_are_few_of_them_and_all_differ(written: list[str]) -> None:
    found = prefixes(prompt(*written))

    assert len(found) <= 2
    assert len(set(found)) == len(found)


def test_a_prompt_beyond_all_steps_still_has_a_beginning() -> None:
    assert len(prefixes(prompt("x" * 5_000_000))) == 1


def test_odd_bodies_have_none() -> None:
    odd: list[Json] = [{}, {"messages": None}, {"messages": [1, None, "x"]}, {"messages": [[]]}]

    assert [list(prefixes(body)) for body in odd] == [[]] * 4
