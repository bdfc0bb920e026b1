"""Run as a program: loads an export with TensorFlow alone and asks it; prints JSON.

``python only_tensorflow.py FOLDER``, where the requests stand in ``FOLDER.json``: pairs of a signature and
its inputs. Bytes are no JSON, so each stands as the character of its number (Latin-1).
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


def to_json(array) -> dict:
    """An array's shape and values."""
    values = array.ravel().tolist()
    texts = [value.decode("latin-1") if isinstance(value, bytes) else value for value in values]
    return {"shape": list(array.shape), "values": texts}


def from_json(given: dict) -> tuple[list, list[int]]:
    """Values and shape of an array."""
    values = [value.encode("latin-1") if isinstance(value, str) else value for value in given["values"]]
    return values, given["shape"]


def main(folder: Path) -> None:
    import tensorflow as tf

    # TensorFlow itself looks for Keras when it is imported
    for name in [name for name in sys.modules if name.split(".")[0] in Blocked.names]:
        del sys.modules[name]
    sys.meta_path.insert(0, Blocked())
    signatures = tf.saved_model.load(str(folder)).signatures
    answers = []
    for name, request in json.loads(folder.with_suffix(".json").read_text("utf-8")):
        inputs = {}
        for key, spec in signatures[name].structured_input_signature[1].items():
            values, shape = from_json(request[key])
            inputs[key] = tf.reshape(tf.constant(values, spec.dtype), shape)
        outputs = signatures[name](**inputs)
        answers.append({key: to_json(value.numpy()) for key, value in outputs.items()})
    blocked = [name for name in sys.modules if name.split(".")[0] in Blocked.names]
    said = {"answers": answers, "blocked": blocked, "served": sorted(signatures), "version": tf.__version__}
    print(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
