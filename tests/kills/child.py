"""Runs the command line in processes that write down their writes and die at the one they were told.

It imports once what every command imports, which takes longer than what is to be struck, and is then asked
with lines of JSON on standard input. For each, it makes a process of its own that runs the command from the
start, and answers with two lines: the process's id and, once it has ended, its exit code or minus its signal.

* ``arguments``: of the command line;
* ``base``, ``log``: when the first file below the one is opened, ``begin`` is written to the other;
* ``folder``: the second and kind of every write below it are added to the log before it is made;
* ``strike``: maybe empty. At the ``count``-th write of a ``kind`` the process kills itself; with ``size``,
  the kernel kills it there as soon as a file gets longer than that, whoever writes it, in Python or in C++;
* ``said``: the file that gets what is said on standard error.
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
    (r"(?<=/old/).+$", "*"),
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


def serve() -> dict[str, Any] | None:
    """Answers until there are no more questions; returns one in the process that is to run it."""
    for line in sys.stdin:
        asked = json.loads(line)
        if not asked:  # are you there?
            print(os.getpid(), flush=True)
            continue
        process = os.fork()
        if not process:
            return asked
        print(process, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
    return None


def run(asked: dict[str, Any]) -> None:
    """Runs the command; ends the process as it ends."""
    nothing = os.open(os.devnull, os.O_RDWR)
    said = os.open(asked["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for ours, descriptor in ((nothing, 0), (nothing, 1), (said, 2)):
        os.dup2(ours, descriptor)
    os.chdir(asked["folder"])
    sys.argv = ["tfmmrec", *asked["arguments"]]
    watch(asked["log"], asked["base"], asked["folder"], asked["strike"])
    runpy.run_module("tfmmrec", run_name="__main__")


if __name__ == "__main__":
    sys.path.pop(0)  # this folder
    # modules alone: nothing of TensorFlow is started, which would not live on in another process
    import tensorflow  # noqa: F401

    import tfmmrec.export
    import tfmmrec.recipes.training_run  # noqa: F401

    asked = serve()
    if asked is not None:
        run(asked)
