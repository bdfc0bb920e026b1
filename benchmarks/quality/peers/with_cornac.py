"""VBPR (He and McAuley, 2016) by `cornac`, run by `peer`: factors of ids and of the features it is given.

Needs cornac, PyTorch and NumPy in its environment. Items that nobody met in training are scored last.
"""

import json
import sys
from pathlib import Path

import numpy as np
from cornac.data import Dataset, ImageModality
from cornac.models import VBPR

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    data = np.load(folder / "data.npz", allow_pickle=False)
    settings = json.loads((folder / "settings.json").read_text("utf-8"))
    met = np.unique(np.stack([data["user"], data["item"]], axis=1), axis=0)
    pairs = Dataset.from_uir([(user, item, 1.0) for user, item in met.tolist()], seed=0)
    named = sorted(name for name in data.files if name.startswith("feature."))
    lengths = [np.linalg.norm(data[name], axis=1, keepdims=True) for name in named]
    vectors = [data[name] / np.maximum(length, 1e-9) for name, length in zip(named, lengths, strict=True)]
    ids = list(range(int(data["items"])))
    features = ImageModality(features=np.concatenate(vectors, axis=1), ids=ids, normalized=False)
    features.build(id_map=pairs.iid_map)
    pairs.add_modalities(item_image=features)
    model = VBPR(seed=0, verbose=False, **settings)
    model.fit(pairs)
    rows = np.array([pairs.iid_map[item] for item in ids if item in pairs.iid_map])
    items = np.array([item for item in ids if item in pairs.iid_map])
    for split in ("validation", "test"):
        users = data[f"{split}.users"]
        scores = np.full((len(users), len(ids)), -1e9, "float32")
        for place, user in enumerate(users.tolist()):
            if user in pairs.uid_map:
                scores[place, items] = model.score(pairs.uid_map[user])[rows]
        np.save(folder / f"{split}.npy", scores)
