"""A full disk, a read-only one, a folder in use: a sentence, what was there stays whole, and it goes on."""

import os
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest

from kills.harness import Commands, Strike
from kills.world import answers, check_trained, contents, files, train
from tfmmrec.recipes.training_run import DECODED

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

KB = 1024
SIZE = 16 * KB * KB
MOUNT = """
mount -t tmpfs -o size={size} small {full} && mount --bind {whole} {kept} &&
mount -o remount,bind,ro {kept} && exec "$0" "$@"
"""


class Disk:
    """A small disk that another process has mounted, seen from here."""

    def __init__(self, folder: Path, process: int) -> None:
        self.folder = folder  # as the process sees it
        self.here = Path(f"/proc/{process}/root{folder}")

    def leave(self, free: int | None) -> None:
        """Fills it until so many bytes are free; None frees all that was filled."""
        ballast = self.here / "ballast"
        ballast.unlink(missing_ok=True)
        if free is not None:
            stat = os.statvfs(self.here)
            with ballast.open("wb") as file:
                file.write(bytes(stat.f_bavail * stat.f_frsize - free))


@pytest.fixture(scope="module")
def mounts(whole):
    """Commands that see two more disks, or None: ``(commands, small disk, read-only copy of the whole)``."""
    full, kept = whole.base / "full", whole.base / "kept"
    for folder in (full, kept):
        folder.mkdir()
    script = MOUNT.format(size=SIZE, full=full, whole=whole.run.parent, kept=kept)
    tried = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "true"], capture_output=True, text=True
    )
    if tried.returncode:
        pytest.skip(f"nothing can be mounted here: {tried.stderr.strip()}")
    with Commands("unshare", "--map-root-user", "--mount", "sh", "-c", script) as commands:
        commands.wait()
        yield commands, Disk(full, commands.process), kept


@pytest.fixture
def refused(whole, mounts):
    """Runs a command and checks that it ends with exit code 2 and one sentence of these words."""
    commands, disk, _ = mounts

    def run(arguments, *words):
        ended = commands.run(whole.base, disk.folder, arguments)
        assert ended.code == 2, ended.said
        assert "Traceback" not in ended.said
        last = ended.said.strip().splitlines()[-1]
        for word in words:
            assert re.search(word, last), (word, ended.said)
        leavings = [path for path in disk.here.rglob("*") if ".part-" in path.name]
        assert not leavings, leavings
        return ended

    return run


@pytest.fixture
def small(mounts):
    """The small disk, empty."""
    disk = mounts[1]
    for path in disk.here.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return disk


FULL = ("^No space left on device: '", "Free some of it, or give a folder on another disk")


def size_of(folder: Path) -> int:
    """On a disk whose blocks are of 4 KB."""
    return sum(-(-path.stat().st_size // (4 * KB)) * 4 * KB for path in folder.rglob("*") if path.is_file())


def test_a_disk_that_gets_full_at_any_point_of_a_training(whole, mounts, refused, small):
    command, run = train(whole.base, small.folder), small.here / "run"
    prepared, model = size_of(whole.run / "prepared"), (whole.run / "model.keras").stat().st_size

    small.leave(prepared // 2)
    refused(command, *FULL, "full/run/prepared'")
    assert not run.exists()  # it came to nothing

    small.leave(None)  # what was decoded is there from now on, and needs no room
    shutil.rmtree(small.here / DECODED, ignore_errors=True)
    shutil.copytree(whole.run.parent / DECODED, small.here / DECODED)
    small.leave(prepared + 32 * KB)
    refused(command, *FULL, "full/run/checkpoint/(best-0|last).npz'")
    assert contents(run / "prepared") == contents(whole.run / "prepared")
    assert not (run / "model.keras").exists()

    small.leave(None)
    killed = mounts[0].run(whole.base, small.folder, command, Strike("rename run/checkpoint/last.npz", 2))
    assert killed.killed
    (run / "checkpoint" / ".part-last.npz").unlink()
    state = contents(run / "checkpoint")
    assert state.keys() >= {"last.npz", "best-0.npz"}
    small.leave(8 * KB)
    refused(command, *FULL, "full/run/checkpoint/[a-z]+")
    assert state.items() <= contents(run / "checkpoint").items()

    small.leave(model * 3 // 4)  # the checkpoint finds room, as it takes the place of another
    refused(command, *FULL, "full/run/last.keras'")
    small.leave(model * 7 // 4)
    refused(command, *FULL, "full/run/model.keras'")
    assert (run / "checkpoint" / "last.npz").exists()
    small.leave(model + 64 * KB)
    refused(command, *FULL, "full/run/plots/recommendations.png'")
    assert not (run / "metrics.json").exists()

    small.leave(None)
    check_trained(whole, small.here, mounts[0].run(whole.base, small.folder, command))


@pytest.mark.parametrize("free", [8 * KB, 128 * KB], ids=["variables", "graph"])
def test_a_disk_that_gets_full_at_an_export(whole, mounts, refused, small, free):
    exports = small.here / "sm"
    shutil.copytree(whole.version, exports / "1")
    before = contents(exports / "1")
    small.leave(free)
    refused(["export", whole.run, small.folder / "sm" / "2"], *FULL, "full/sm/2'")
    refused(["export", whole.run, small.folder / "sm" / "1", "--replace"], *FULL, "full/sm/1'")
    assert os.listdir(exports) == ["1"] and contents(exports / "1") == before
    small.leave(None)
    ended = mounts[0].run(whole.base, small.folder, ["export", whole.run, small.folder / "sm" / "2"])
    assert ended.code == 0, ended.said
    assert sorted(os.listdir(exports)) == ["1", "2"] and contents(exports / "1") == before
    shutil.copytree(exports / "2", whole.base / f"from-small-{free}" / "2")
    assert answers(whole, whole.base / f"from-small-{free}" / "2") == answers(whole, whole.version)


def test_what_cannot_be_written_to(whole, mounts, refused, small):
    kept, words = mounts[2], ("^Read-only file system: '.*kept", "Give a folder that can be written to")
    before = contents(whole.run.parent)
    new = train(whole.base, kept / "deep" / "er")
    refused(new, *words)
    refused([*train(whole.base, kept), "--replace"], *words)
    refused(["export", kept / "run", kept / "sm" / "2"], *words)
    refused(["export", kept / "run", kept / "sm" / "1", "--replace"], *words)
    assert contents(whole.run.parent) == before
    ended = mounts[0].run(whole.base, small.folder, ["export", kept / "run", small.folder / "sm" / "1"])
    assert ended.code == 0, ended.said  # what is only read may be read-only
    assert files(small.here / "sm" / "1") == files(whole.version)


@pytest.mark.parametrize(
    ("command", "began", "said"),
    [
        (lambda base, folder: train(base, folder), "open run/.part-schema.json", "Another training runs in"),
        (
            lambda base, folder: ["export", base / "whole" / "run", folder / "sm" / "1"],
            "mkdir sm/.1.part-*",
            "Another process is just writing",
        ),
    ],
    ids=["train", "export"],
)
def test_a_folder_in_use(whole, tmp_path, command, began, said):
    folder = whole.base / f"in-use-{began.split()[0]}"
    arguments, ended = command(whole.base, folder), []
    with Commands() as first, Commands() as second:
        second.wait()
        running = threading.Thread(target=lambda: ended.append(first.run(whole.base, folder, arguments)))
        running.start()
        log = folder.with_name(f"{folder.name}.writes")
        while began not in (log.read_text() if log.exists() else ""):
            assert running.is_alive()
            time.sleep(0.01)
        other = second.run(whole.base, tmp_path / "other", arguments)
        running.join()
    assert other.code == 2 and said in other.said and "Traceback" not in other.said
    assert not other.writes
    assert ended[0].code == 0, ended[0].said
    if "train" in arguments:
        check_trained(whole, folder, ended[0])
    else:
        assert os.listdir(folder / "sm") == ["1"] and files(folder / "sm" / "1") == files(whole.version)
