"""An index finds what a dictionary finds."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from graph.ids import NULL_ID, UNKNOWN_ID, IdIndex, text_rank

IDS = st.lists(st.text("ab\0é银", max_size=5) | st.text("x", min_size=6, max_size=18), max_size=200)


@given(IDS, IDS, st.integers(0, 50))
def test_an_index_finds_the_first_row_of_each_id(held: list[str], asked: list[str], cut: int) -> None:
    first: dict[str, int] = {}
    for row, text in enumerate(held[cut:]):
        first.setdefault(text, row)
    index = IdIndex(pa.array(held, pa.string()).slice(cut))
    assert index.first.tolist() == [first[text] for text in held[cut:]]
    questions = [*asked, None, *held]
    found = index.rows(pa.array(["", *questions], pa.string()).slice(1))
    assert found.tolist() == [NULL_ID if q is None else first.get(q, UNKNOWN_ID) for q in questions]


def test_many_ids_that_differ_in_their_last_byte_only() -> None:
    ids = pa.array([f"{'0' * 12}{i}" for i in range(5_000)] + [f"{i:011d}" for i in range(5_000)])
    index = IdIndex(ids)
    assert index.first.tolist() == list(range(10_000))
    assert index.rows(ids).tolist() == list(range(10_000))


@given(st.lists(st.none() | st.text("ab\0é银", max_size=6), max_size=60), st.integers(0, 3))
def test_ranks_of_texts_are_their_places_among_the_different_ones(texts: list[str | None], cut: int) -> None:
    places = {text: place for place, text in enumerate(sorted({t for t in texts[cut:] if t is not None}))}
    found = text_rank(pa.array(texts, pa.string()).slice(cut)).tolist()
    assert found == [-1 if t is None else places[t] for t in texts[cut:]]
