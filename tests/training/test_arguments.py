"""What `fit` is asked for, by the checks alone; that `fit` asks them is tested with it."""

import keras
import numpy as np
import pytest

from tfmmrec.training.arguments import check_counts, check_own


def test_counts_are_whole_numbers_from_one():
    check_counts(accumulate=1, refresh_every=np.int64(50))
    for wrong in (0, -1, 1.5, "2"):
        with pytest.raises(ValueError, match=f"accumulate is a whole number of 1 or more, got {wrong!r}"):
            check_counts(refresh_every=50, accumulate=wrong)


def test_an_optimizer_of_ones_own_is_told_itself():
    optimizer = keras.optimizers.SGD(0.1)
    check_own(optimizer, schedule="cosine", accumulate=1, ema=None)
    for asked, told in (
        ({"schedule": "linear"}, "schedules"),
        ({"accumulate": 4}, "gradient_acc"),
        ({"ema": 0.9}, "use_ema"),
    ):
        (name,) = asked
        with pytest.raises(
            ValueError, match=f"^{name}=.* SGD would not hear of it: .*{told}.*leave out {name}"
        ):
            check_own(optimizer, **asked)
