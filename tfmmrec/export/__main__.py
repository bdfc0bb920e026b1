"""``python -m tfmmrec.export GIVEN FOLDER``: the part of an export that runs on tensorflow.

GIVEN holds ``model.keras``, ``catalogue/``, maybe ``users/``, and ``index.json``; FOLDER is made.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras

from tfmmrec import models  # noqa: F401  registers the model's class
from tfmmrec.export.handover import open_catalogue, open_users
from tfmmrec.export.saved_model import write_saved_model


def main(given: Path, folder: Path) -> None:
    """Exports what another process has handed over.

    Args:
        given: the files handed over.
        folder: new; of the SavedModel.
    """
    model = keras.saving.load_model(given / "model.keras", compile=False)
    users = open_users(given / "users") if (given / "users").is_dir() else None
    index = json.loads((given / "index.json").read_text("utf-8"))
    write_saved_model(model, open_catalogue(given / "catalogue"), users, index, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
