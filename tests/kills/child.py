"""Runs the command line in a process that writes down its writes and dies at the one it was told.

``python child.py LOG BASE FOLDER STRIKE argument …``: a line with the second and the kind is added to LOG
when the first file below BASE is opened (``begin``), and before every write below FOLDER. STRIKE is a JSON
object, maybe empty: at the ``count``-th write of a ``kind`` the process kills itself; with ``size``, the
kernel kills it there as soon as a file gets longer than that, whoever writes it, in Python or in C++.
"""

from __future__ import annotations

import json
import os
import re
import resource
import runpy
import signal
import sys
import time
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
# event → which of its arguments is the path that appears or goes, and which its folder's descriptor
_EVENTS = {
    "open": (0, None),
    "os.mkdir": (0, 2),
    "os.remove": (0, 1),
    "os.rename": (1, 3),  # os.replace raises it too
    "os.rmdir": (0, 1),
    "os.truncate": (0, None),
    "os.link": (1, 3),
    "os.symlink": (1, 2),
    "shutil.copyfile": (1, None),
    "shutil.move": (1, None),
    "shutil.rmtree": (0, None),
}
# what differs from run to run, and what is many of a kind
_ALIKE = [
    (r"\.part-[a-z0-9_]{8}(?=/|$)", ".part-*"),
    (r"best-\d+", "best-*"),
    (r"(?<=/new/).+\.npy$", "*.npy"),
    (r"(?<=/new/)(item|user)_ids\.json$", "*_ids.json"),
    (r"(?<=/new/)\w+(/\w+)?$", "*"),
]


def path_of(event: str, arguments: tuple) -> str | None:
    """The absolute path of what is written; None where nothing is."""
    if event not in _EVENTS or (event == "open" and not arguments[2] & _WRITES):
        return None
    place, folder = _EVENTS[event]
    path = arguments[place]
    if isinstance(path, int):  # opened long ago
        return None
    path = os.fsdecode(path)
    if folder is not None and len(arguments) > folder and arguments[folder] >= 0:
        path = os.path.join(os.readlink(f"/proc/self/fd/{arguments[folder]}"), path)
    return os.path.abspath(path)


def kind_of(event: str, path: str, folder: str) -> str:
    """Such as ``rename run/prepared``."""
    relative = os.path.relpath(path, folder)
    for pattern, by in _ALIKE:
        relative = re.sub(pattern, by, relative)
    return f"{event.rpartition('.')[2]} {relative}"


def watch(log: str, base: str, folder: str, strike: dict[str, Any]) -> None:
    """Installs the hook."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    left = strike.get("count", 0)
    begun = False

    def note(what: str) -> None:
        os.write(handle, f"{time.monotonic():.4f} {what}\n".encode())

    def hook(event: str, arguments: tuple) -> None:
        nonlocal left, begun
        if not begun and event == "open" and str(arguments[0]).startswith(base):
            begun = True
            note("begin")
        path = path_of(event, arguments)
        if path is None or not path.startswith(folder + os.sep):
            return
        kind = kind_of(event, path, folder)
        note(kind)
        if kind != strike.get("kind"):
            return
        left -= 1
        if left == 0 and "size" in strike:
            resource.setrlimit(resource.RLIMIT_FSIZE, (strike["size"], strike["size"]))
        elif left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.addaudithook(hook)


if __name__ == "__main__":
    log, base, folder, strike, *arguments = sys.argv[1:]
    sys.argv = ["tfmmrec", *arguments]
    sys.path.pop(0)  # this folder
    watch(log, base, folder, json.loads(strike))
    runpy.run_module("tfmmrec", run_name="__main__")
