"""Run as a program: loads an export with TensorFlow alone and asks every signature; prints JSON.

``python only_tensorflow.py FOLDER``, where the questions stand in ``FOLDER.json``.
"""

import importlib.abc
import json
import sys
from pathlib import Path


class Blocked(importlib.abc.MetaPathFinder):
    """Refuses to import what an export must do without."""

    names = ("keras", "tf_keras", "jax", "tfmmrec")

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.names:
            raise ImportError(f"{name} was imported, and an export needs TensorFlow alone")
        return None


def main(folder: Path) -> None:
    import tensorflow as tf

    # TensorFlow itself looks for Keras when it is imported
    for name in [name for name in sys.modules if name.split(".")[0] in Blocked.names]:
        del sys.modules[name]
    sys.meta_path.insert(0, Blocked())
    signatures = tf.saved_model.load(str(folder)).signatures
    answers = {}
    for name, request in json.loads(folder.with_suffix(".json").read_text("utf-8")).items():
        specs = signatures[name].structured_input_signature[1]
        tensors = {key: tf.constant(request[key], spec.dtype) for key, spec in specs.items()}
        outputs = signatures[name](**tensors)
        answers[name] = {
            key: [cell.decode() for cell in value.numpy().flat]
            if value.dtype == tf.string
            else value.numpy().ravel().tolist()
            for key, value in outputs.items()
        }
    blocked = [name for name in sys.modules if name.split(".")[0] in Blocked.names]
    print(json.dumps({"answers": answers, "blocked": blocked, "served": sorted(signatures)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
