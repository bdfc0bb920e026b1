"""Text: words, vocabulary, and the contract."""

import numpy as np
from contracts import EXAMPLES, ModalityContract

from tfmmrec.modalities import Text


class TestText(ModalityContract):
    component = Text("plot", length=6, min_count=1)

    def cells(self, folder):
        generator = np.random.default_rng(0)
        words = [f"word{i}" for i in range(12)]
        return [" ".join(generator.choice(words, size=2 + i % 5)) for i in range(EXAMPLES)]
