"""Long texts are split, and nothing of them is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paas.adapters.redis_logs import MAX_BYTES, split


def test_a_text_that_fits_is_one_piece() -> None:
    assert list(split("x" * MAX_BYTES)) == ["x" * MAX_BYTES]
    assert list(split("")) == [""]


@given(st.text(alphabet="aé€😀", min_size=1, max_size=40), st.integers(min_value=1, max_value=900))
def test_pieces_are_small_enough_and_make_the_text_again(part: str, times: int) -> None:
    text = part * times

    pieces = list(split(text))

    assert "".join(pieces) == text
    assert all(len(piece.encode()) <= MAX_BYTES for piece in pieces)
