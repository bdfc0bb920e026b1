"""What is written appears whole or not at all, and killed processes leave nothing for good."""

import errno
import os
import signal
import subprocess
import sys

import pytest

from tfmmrec.aside import file_aside, folder_aside, sweep, take_place

KILLED = """
import os, signal, sys
from pathlib import Path
from tfmmrec.aside import folder_aside
target = Path(sys.argv[1])
with folder_aside(target) as aside:
    (aside / "new").mkdir()
    (aside / "new" / "half").write_text("new")
    if target.exists():
        target.rename(aside / "old")
    print("written", flush=True)
    sys.stdin.readline()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def writer(tmp_path):
    """A process that builds ``tmp_path / "7"`` aside and waits there, until it is told to kill itself."""
    command = [sys.executable, "-c", KILLED, str(tmp_path / "7")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    def started():
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        assert process.stdout.readline() == "written\n"
        return process

    return started


def kill(process):
    process.communicate("\n", timeout=60)
    assert process.returncode == -signal.SIGKILL


def test_a_file_replaces_the_one_before_when_it_is_whole(tmp_path):
    path = tmp_path / "model.keras"
    for text in ("first", "second"):
        with file_aside(path) as aside:
            assert aside.suffix == ".keras"  # Keras looks at it
            aside.write_text(text)
    assert path.read_text() == "second" and names(tmp_path) == ["model.keras"]


def test_half_a_file_is_removed(tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text("before")
    with pytest.raises(KeyboardInterrupt), file_aside(path) as aside:
        aside.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "before" and names(tmp_path) == ["metrics.json"]


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "full"),
        OSError(errno.EDQUOT, "full"),
        OSError("1048576 requested and 13 written"),
    ],
    ids=["disk", "quota", "NumPy's"],
)
@pytest.mark.parametrize("aside", [file_aside, folder_aside])
def test_a_full_disk_is_named(tmp_path, error, aside):
    with pytest.raises(OSError, match="target") as raised, aside(tmp_path / "target"):
        raise error
    assert raised.value.errno == (error.errno or errno.ENOSPC)
    assert raised.value.filename == str(tmp_path / "target")


def test_other_errors_stay_as_they_are(tmp_path):
    with pytest.raises(FileNotFoundError, match="events.csv"), folder_aside(tmp_path / "target"):
        (tmp_path / "events.csv").read_text()


def test_a_folder_takes_the_place_of_another_or_leaves_it(tmp_path):
    target = tmp_path / "target"
    for text in ("first", "second"):
        with folder_aside(target) as aside:
            (aside / "new").mkdir()
            (aside / "new" / "file").write_text(text)
            take_place(aside / "new", target)
    assert (target / "file").read_text() == "second"
    with pytest.raises(FileNotFoundError), folder_aside(target) as aside:
        take_place(aside / "new", target)
    assert (target / "file").read_text() == "second" and names(tmp_path) == ["target"]


def test_what_a_killed_process_left_goes_and_what_a_living_one_writes_stays(tmp_path, writer):
    process = writer()
    (left,) = names(tmp_path)
    sweep(tmp_path)
    assert names(tmp_path) == [left]
    kill(process)
    assert names(tmp_path) == [left]
    sweep(tmp_path)
    assert names(tmp_path) == []


def test_a_folder_whose_place_was_just_being_taken_is_put_back(tmp_path, writer):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "whole").write_text("old")
    kill(writer())
    assert "7" not in names(tmp_path)
    with folder_aside(tmp_path / "8"):  # whatever is written there next
        assert names(tmp_path / "7") == ["whole"]
    assert names(tmp_path) == ["7"]


def test_folders_of_others_stay(tmp_path):
    there = (".films-archived", ".git", "7", ".part-config.json")
    for name in there:
        (tmp_path / name).mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".7.part-link").symlink_to(tmp_path / "elsewhere")
    sweep(tmp_path)
    assert names(tmp_path) == sorted([*there, "elsewhere", ".7.part-link"])


def test_an_array_too_large_for_the_disk_counts_as_a_full_disk(tmp_path):
    """NumPy's error has no number; a limit on the size of files stands in for the disk."""
    script = (
        "import resource, sys, numpy as np\n"
        "from tfmmrec.aside import file_aside\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "try:\n"
        "    with file_aside(sys.argv[1]) as aside:\n"
        "        np.save(aside, np.zeros(10000))\n"
        "except OSError as error:\n"
        "    print(error.errno, error.filename)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "a.npy")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert ended.stdout.split() == [str(errno.ENOSPC), str(tmp_path / "a.npy")], ended.stderr
    assert names(tmp_path) == []
