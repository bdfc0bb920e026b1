"""Matrix factorisation by `implicit`, run by `peer`: ALS (Hu, 2008) and BPR (Rendle, 2009).

Needs implicit, NumPy and SciPy in its environment.
"""

import json
import os
import sys
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # implicit has threads of its own, and warns of others

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from implicit.cpu.bpr import BayesianPersonalizedRanking
from implicit.recommender_base import ModelFitError
from scipy.sparse import csr_matrix

KINDS = {"als": AlternatingLeastSquares, "bpr": BayesianPersonalizedRanking}

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    data = np.load(folder / "data.npz", allow_pickle=False)
    settings = json.loads((folder / "settings.json").read_text("utf-8"))
    met = np.unique(np.stack([data["user"], data["item"]], axis=1), axis=0)
    ones = np.ones(len(met), "float32")
    pairs = csr_matrix((ones, (met[:, 0], met[:, 1])), (int(data["users"]), int(data["items"])))
    model = KINDS[settings.pop("kind")](random_state=0, **settings)
    try:
        model.fit(pairs, show_progress=False)
    except ModelFitError as error:  # of one setting of a grid, perhaps: it ranks nothing, and is not chosen
        print(f"{settings}: {error}", file=sys.stderr)
        model.user_factors, model.item_factors = (np.zeros((count, 1), "float32") for count in pairs.shape)
    for split in ("validation", "test"):
        # BPR's last factor is the item's bias, beside a 1 of the user
        scores = model.user_factors[data[f"{split}.users"]] @ model.item_factors.T
        np.save(folder / f"{split}.npy", scores.astype("float32"))
