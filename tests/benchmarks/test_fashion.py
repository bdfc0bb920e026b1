"""Names of products without the words of their labels."""

from benchmarks.quality.fashion import LABELS, without_label_words


def row(name, **labels):
    return {"item_id": "1", "name": name, **dict.fromkeys(LABELS, ""), **labels}


def test_words_of_any_label_go_in_the_singular_and_the_plural():
    rows = [
        row("Turtle Check Men Navy Blue Shirt", article_type="Shirts", gender="Men", base_colour="Navy Blue"),
        row("Shirts, dress & glass: Accessory boxes", article_type="Dresses", sub_category="Accessories"),
    ]
    assert [one["name"] for one in without_label_words(rows)] == ["turtle check", "glass boxes"]
