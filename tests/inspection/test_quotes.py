"""Quotes of a CSV that are letters like others, by hand."""

import pytest

from tfmmrec.inspection.quotes import why_letters


def why(*rows):
    header, *lines = (f"{row}\n" for row in rows)
    return why_letters(header, lines, "\t")


@pytest.mark.parametrize(
    "cell", ['"Weird Al" Yankovic', '"never closed', '"Heroes" and "Low"', '"', '"a" b ""c""']
)
def test_a_quote_that_holds_no_cell_together_is_a_letter(cell):
    said = why("a\tb", "1\tplain", f"2\t{cell}", '3\t12" single', '4\t"Heroes"', "5\tx", "6\ty")
    assert said == f"quotes read as letters, as in line 3, {cell}"


@pytest.mark.parametrize(
    "rows",
    [
        ("1\tplain", "2\tnone at all"),
        ('1\t12" single', '2\t7"'),  # fits either way
        ("1\tx", '2\t"Heroes"', "3\ty"),  # likewise
        ('1\t"a\tb"', '2\t"Weird Al" Yankovic'),  # a separator inside
        ('1\t"a', 'b"', '2\t"Weird Al" Yankovic'),  # a line break inside
        ('1\t"say ""no"""', '2\t"Weird Al" Yankovic', "3\tx"),  # doubled inside
        ('1\t"x"', '2\t"Weird Al" Yankovic', '3\t"y"'),  # a column in quotes, and a mistake
    ],
)
def test_quotes_that_may_hold_cells_together_are_none(rows):
    assert why("a\tb", *rows) == ""


def test_a_header_in_quotes_is_a_writers():
    assert why('"a"\tb', '1\t"Weird Al" Yankovic') == ""


def test_a_long_cell_is_shown_in_part():
    assert why("a\tb", "1\tx", '2\t"' + "y" * 99).endswith(', "' + "y" * 23)
