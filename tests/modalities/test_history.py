"""What a user did: times, and the entry; what reads it is tested in tests/encoders/histories."""

import numpy as np
import pytest

from tfmmrec.encoders import histories
from tfmmrec.encoders.histories import UNKNOWN
from tfmmrec.modalities import History, elapsed
from tfmmrec.modalities.history import LATEST


def test_seconds_since_the_first_of_a_row_by_hand():
    late = LATEST + 10.0
    time = np.asarray([[7.9, 9.1, 8], [np.nan, 1e9 + 0.5, 1e9 + 3], [np.nan] * 3, [0, late, 1e300]])
    found = elapsed(time)
    assert found.tolist() == [[0, 2, 1], [UNKNOWN, 0, 3], [UNKNOWN] * 3, [0, LATEST, LATEST]]
    assert found.dtype == "int32"


def test_the_time_between_two_events_is_the_same_whatever_stands_before_them():
    time = np.asarray([[3.99, 5.01, 6.5, 1e6 + 0.7]])
    since = np.diff(elapsed(time))
    np.testing.assert_array_equal(np.diff(elapsed(time[:, 1:])), since[:, 1:])
    np.testing.assert_array_equal(np.diff(elapsed(time[:, 2:])), since[:, 2:])


def test_endless_times_are_times():
    found = elapsed(np.asarray([[0, np.inf], [-np.inf, 0], [np.inf, np.inf]]))
    assert found.tolist() == [[0, LATEST], [UNKNOWN, LATEST], [UNKNOWN, UNKNOWN]]


def test_the_entry():
    assert History(length=9).to_dict() == {"length": 9, "layers": 2, "heads": 4, "dropout": 0.2}
    plain = History(encoder={"name": "caser", "window": 3}).to_dict()
    assert plain["encoder"] == {"name": "caser", "window": 3} and History(**plain).to_dict() == plain
    made = History(layers=1, encoder="next_it_net").make_encoder(8, causal=True, name="history")
    assert isinstance(made, histories.NextItNet) and (made.length, made.layers, made.window) == (50, 1, 3)


@pytest.mark.parametrize(
    ("encoder", "share"),
    [("gru", 0.0), ("bert4rec", 0.2), ({"name": "BERT4Rec", "masked": 0.6}, 0.6), ({"name": "caser"}, 0.0)],
)
def test_what_the_encoder_hides_is_known_before_it_is_made(encoder, share):
    entry = History(encoder=encoder)
    assert entry.masked == share == entry.make_encoder(8, causal=True, name="history").masked


@pytest.mark.parametrize(
    ("encoder", "match"),
    [
        ("gru4", "History: encoder: there is none named 'gru4'. Did you mean 'gru'"),
        ({"name": "caser", "windows": 3}, "History: encoder 'caser' has no setting 'windows'.*'window'"),
        ({"name": "gru", "layers": 3}, "'gru' has no setting 'layers'. It has none"),  # a setting of History
        (histories.GRU, "is a name, or a dict such as"),
        ({"window": 3}, "is a name, or a dict such as"),
    ],
)
def test_encoders_there_are_not(encoder, match):
    with pytest.raises(ValueError, match=match):
        History(encoder=encoder)


def test_augmentations_are_names_or_shares():
    assert History().changes == {} and "augment" not in History().to_dict()
    named = History(augment=["mask", "crop"])
    assert named.changes == {"mask": 0.2, "crop": 0.5} and named.to_dict()["augment"] == ["mask", "crop"]
    shares = History(augment={"mask": 0.4})
    assert shares.changes == {"mask": 0.4} and History(**shares.to_dict()) == shares


@pytest.mark.parametrize(
    ("augment", "match"),
    [
        ("mask", r"augment is a list such as \['crop', 'mask'\], got 'mask'"),
        (["masks"], "no augmentation 'masks' of a history. Did you mean 'mask'"),
        ({"mask": 0}, "share of 'mask' is above 0 and at most 1, got 0"),
        ({"crop": 1.5}, "share of 'crop' is above 0 and at most 1, got 1.5"),
        ({"crop": "half"}, "share of 'crop' is above 0 and at most 1, got 'half'"),
    ],
)
def test_augmentations_there_are_not(augment, match):
    with pytest.raises(ValueError, match=match):
        History(augment=augment)


def test_hidden_events_are_hidden_once():
    with pytest.raises(ValueError, match="'bert4rec' learns from hidden events, and 'mask' would change"):
        History(encoder="bert4rec", augment=["mask"])
    assert History(encoder="bert4rec", augment=["crop"]).changes == {"crop": 0.5}
