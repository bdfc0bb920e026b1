"""Strips: pictures where there are some, a placeholder where not, a frame round what was held out."""

import io

import numpy as np
import pytest
from PIL import Image

from tfmmrec.report import Card, Strip, draw_strips

RED, FRAME = (220, 10, 10), (42, 157, 92)


def shot(path) -> np.ndarray:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB")).astype(int)


def share(pixels: np.ndarray, color: tuple[int, int, int]) -> float:
    return float((np.abs(pixels - color).max(axis=-1) < 12).mean())


@pytest.fixture
def red():
    packed = io.BytesIO()
    Image.new("RGB", (30, 30), RED).save(packed, "PNG")
    return packed.getvalue()


def test_pictures_stand_on_both_sides(red, tmp_path):
    card = Card("Red", red)
    pixels = shot(draw_strips([Strip("u1", [card] * 2, [card] * 2)], tmp_path / "strips.png"))
    columns = (np.abs(pixels - RED).max(axis=-1) < 12).any(axis=0)
    runs = np.flatnonzero(np.diff(columns.astype(int)) == 1)
    assert len(runs) == 4  # four pictures beside each other
    gaps = np.diff(runs)
    assert gaps[1] > gaps[0] == pytest.approx(gaps[2], abs=2)  # the gap before the recommendations


def test_a_missing_or_broken_picture_is_a_placeholder(red, tmp_path):
    for picture in (None, b"no picture", b"", red[:60]):
        pixels = shot(draw_strips([Strip("u1", [], [Card("A title", picture)])], tmp_path / "strips.png"))
        assert share(pixels, RED) == 0 and share(pixels, (236, 234, 228)) > 0.05


def test_what_was_held_out_is_framed(red, tmp_path):
    for framed in (True, False):
        strips = [Strip("u1", [Card("Red", red)], [Card("Red", red, framed)])]
        assert (share(shot(draw_strips(strips, tmp_path / "strips.png")), FRAME) > 0.001) == framed


def test_a_row_for_each_user_and_long_or_strange_texts(red, tmp_path):
    name = "a user with an endless name_of_more_than_a_line $x^2$"
    strips = [Strip(name, [Card("$\\frac{1}{$ " * 9, red)], [Card("电影 " * 20)]) for _ in range(3)]
    three = shot(draw_strips(strips, tmp_path / "three.png", title="All", note="A note.", ordered=False))
    one = shot(draw_strips(strips[:1], tmp_path / "new" / "one.png", title="All", note="A note."))
    assert three.shape[0] > 2 * one.shape[0] and three.shape[1] == one.shape[1]


def test_nothing_to_draw_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one user's recommendations"):
        draw_strips([], tmp_path / "strips.png")
