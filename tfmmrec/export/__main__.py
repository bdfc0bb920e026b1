"""``python -m tfmmrec.export GIVEN FOLDER``: the part of an export that runs on tensorflow.

GIVEN holds what `tfmmrec.export.handover.Given` writes. FOLDER is made.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tfmmrec.export.handover import Given
from tfmmrec.export.saved_model import write_saved_model


def main(given: Path, folder: Path) -> None:
    """Exports what another process has handed over.

    Args:
        given: the files handed over.
        folder: new; of the SavedModel.
    """
    write_saved_model(Given.open(given), folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
