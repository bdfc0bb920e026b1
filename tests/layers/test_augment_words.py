"""Changes of words: each by what it must leave as it is."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfmmrec.layers import AugmentWords
from tfmmrec.layers.augment_words import TEXT

LENGTH, SIZE = 12, 40
SYNONYMS = np.zeros((SIZE, 3), "int32")
SYNONYMS[5, :2], SYNONYMS[6, :1], SYNONYMS[7, :3] = (15, 25), (16,), (17, 27, 37)
TEXTS = st.lists(st.lists(st.integers(1, SIZE - 1), max_size=LENGTH), min_size=8, max_size=8)


def padded(texts):
    return np.asarray([[*text, *[0] * (LENGTH - len(text))] for text in texts], "int32")


def words(tokens):
    """The words of each row, which stand at its beginning."""
    rows = [[word for word in row if word] for row in tokens.tolist()]
    assert all(row[: len(text)] == text for row, text in zip(tokens.tolist(), rows, strict=True))
    return rows


@pytest.fixture(scope="module")
def change():
    """A layer of one change, made once."""
    layers = {name: AugmentWords([name], SIZE, 3, SYNONYMS) for name in TEXT}
    for layer in layers.values():
        layer.build((None, LENGTH))
    return lambda name, tokens, *more: np.asarray(layers[name](tokens, *more, training=True))


def subsequence(part, whole):
    rest = iter(whole)
    return all(word in rest for word in part)


@pytest.mark.backend
@settings(max_examples=10)
@given(texts=TEXTS)
def test_a_deletion_keeps_the_order_and_never_takes_all(change, texts):
    for left, text in zip(words(change("delete", padded(texts))), texts, strict=True):
        assert subsequence(left, text) and bool(left) == bool(text)


@pytest.mark.backend
@settings(max_examples=10)
@given(texts=TEXTS)
def test_a_swap_changes_places_alone(change, texts):
    for swapped, text in zip(words(change("swap", padded(texts))), texts, strict=True):
        assert Counter(swapped) == Counter(text)
        moved = sum(one != other for one, other in zip(swapped, text, strict=True))
        assert moved <= 2  # a tenth of twelve words: one pair


@pytest.mark.backend
@settings(max_examples=10)
@given(texts=TEXTS)
def test_an_insertion_leaves_the_words_and_adds_one(change, texts):
    for longer, text in zip(words(change("insert", padded(texts))), texts, strict=True):
        assert len(longer) == min(len(text) + bool(text), LENGTH)
        known = set(text) | {int(other) for word in text for other in SYNONYMS[word]}
        assert set(longer) <= known
        if len(text) < LENGTH:
            assert subsequence(text, longer)


@pytest.mark.backend
@settings(max_examples=10)
@given(texts=TEXTS)
def test_synonyms_stand_in_the_place_of_a_word(change, texts):
    for other, text in zip(words(change("synonyms", padded(texts))), texts, strict=True):
        places = [i for i, (one, now) in enumerate(zip(text, other, strict=True)) if one != now]
        assert len(places) == any(SYNONYMS[word].any() for word in text)
        assert all(other[i] in SYNONYMS[text[i]] for i in places)


@pytest.mark.backend
def test_how_often_by_hand(change):
    tokens = np.tile(padded([[1, 2, 3, 4, 5, 5, 7, 8, 9, 10, 11, 12]]), (4000, 1))
    left = np.asarray([len(row) for row in words(change("delete", tokens))])
    np.testing.assert_allclose(left.mean(), 12 * 0.9, rtol=0.01)
    swapped = change("swap", tokens)
    # of 66 pairs one; the pair of fives leaves the text as it is
    np.testing.assert_allclose((swapped != tokens).any(axis=1).mean(), 65 / 66, atol=0.01)
    np.testing.assert_allclose((swapped != tokens).mean(axis=0)[0], 2 / 12, atol=0.03)
    now = change("synonyms", tokens)
    seen = Counter(now[now != tokens].tolist())
    assert sum(seen.values()) == 4000 and set(seen) == {15, 25, 17, 27, 37}
    np.testing.assert_allclose([seen[15] / 4000, seen[17] / 4000], [1 / 3, 1 / 9], atol=0.03)
    longer = change("insert", tokens[:, :12] * (np.arange(12) < 7))
    added = Counter((Counter(row) - Counter(tokens[0, :7].tolist())).popitem()[0] for row in words(longer))
    assert set(added) == {1, 2, 3, 4, 15, 25, 17, 27, 37}  # a word without synonyms stands for itself
    np.testing.assert_allclose(added[1] / 4000, 1 / 7, atol=0.03)


@pytest.mark.backend
def test_another_wording_is_as_likely_as_the_text(change):
    texts = padded([[1, 2], [3], []])
    wordings = np.zeros((3, 2, LENGTH), "int32")
    wordings[0, 0, 0], wordings[0, 1, :2] = 8, (9, 9)
    read = change("reword", np.tile(texts, (1000, 1)), np.tile(wordings, (1000, 1, 1))).reshape(1000, 3, -1)
    assert (read[:, 1:] == texts[1:]).all()  # these have no other
    found = Counter(map(tuple, read[:, 0, :2].tolist()))
    assert set(found) == {(1, 2), (8, 0), (9, 9)}
    assert min(found.values()) > 270


@pytest.mark.backend
def test_only_in_training_again_from_its_configuration_and_one_after_the_other():
    layer = AugmentWords(["swap", "delete", "synonyms", "reword"], SIZE, 3, SYNONYMS)
    layer.build((None, LENGTH))
    tokens = padded([[5, 5, 7, 8, 9]] * 50)
    np.testing.assert_array_equal(np.asarray(layer(tokens)), tokens)
    again = AugmentWords.from_config(layer.get_config())
    again.build((None, LENGTH))
    assert again.names == ["swap", "delete", "synonyms", "reword"] and not np.asarray(again.table).any()
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(np.asarray(again.table), SYNONYMS)
    wordings = np.tile(padded([[11, 12, 13]])[None], (50, 1, 1))
    changed = np.asarray(again(tokens, wordings, training=True))
    reworded = np.isin(changed, [11, 12, 13]).any(
        axis=1
    )  # it is chosen first, and the others change what was chosen
    assert 5 < reworded.sum() < 45 and len({tuple(row) for row in changed[reworded].tolist()}) > 3
    assert not layer.trainable_variables
