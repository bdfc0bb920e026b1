"""`kill -9` at any moment of prepare, train and export; the same command then ends as if nothing had been."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from kills.harness import Commands, Kills, Strike, at_times, at_writes
from kills.world import answers, check_trained, contents, files, train
from tfmmrec.data import open_shards
from tfmmrec.training.checkpoint import LAST, Checkpoint

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

LEAST = 20  # kills of each stage
PREPARED, TRAINED = "rename run/prepared", "rename run/metrics.json"


def second_of(writes, kind):
    return next(second for second, one in writes if one == kind)


def check_left(folder: Path) -> None:
    """Whatever stands under its own name is whole, and no more than one process's leavings are there."""
    leavings = [path for path in folder.rglob(".*.part-*") if path.is_dir()]
    assert len(leavings) <= 1, leavings
    for path in folder.rglob("*"):
        if path.is_dir() or any(".part-" in part for part in path.parts):
            continue
        if path.suffix == ".json":
            json.loads(path.read_text("utf-8"))
        elif path.suffix in (".keras", ".npz"):
            assert zipfile.ZipFile(path).testzip() is None
        elif path.suffix == ".png":
            Image.open(path).load()


def check_run(whole, folder, ended) -> None:
    check_left(folder)
    run = folder / "run"
    if (run / "prepared").exists():
        open_shards(run / "prepared", verify=True)
        assert contents(run / "prepared") == contents(whole.run / "prepared")
    if (run / "checkpoint" / LAST).exists() and not (run / "model.keras").exists():
        kept = Checkpoint(run / "checkpoint")
        kept.best(kept.note()["parts"]["validation"]["best_epoch"])  # it can go on with them
    made = {kind for _, kind in ended.writes}
    if "rename run/model.keras" in made:  # each step of the way is there once the next one is begun
        assert (run / "last.keras").exists() and (run / "curves.json").exists()


@pytest.fixture
def told(capsys):
    """Prints the log of kills, whether or not the test passes."""
    logs = []
    yield logs.append
    with capsys.disabled():
        print("", *logs, sep="\n")


def check_kills(kills: Kills, kinds: set[str], tmp_path: Path, least: int = LEAST) -> None:
    """Enough of them, of every sort, and at every kind of write."""
    (tmp_path / "kills.jsonl").write_text(f"{kills}\n")
    by_signal = [*kills.struck("write"), *kills.struck("second")]
    assert len(by_signal) >= least
    assert len(kills.struck("second")) >= least // 2
    assert {kill["kind"] for kill in kills.struck("write")} >= kinds
    assert kills.struck("size"), "no file was cut off in the midst of it"
    for kill in kills.struck("size"):
        assert kill["size"] in kill["sizes aside"], kill


def of_train(whole, stage, counts) -> Kills:
    """Kills of one of the two stages of the command that trains."""
    return Kills(
        stage,
        lambda folder: train(whole.base, folder),
        whole.base,
        fresh=lambda folder: None,
        check=lambda folder, ended: check_run(whole, folder, ended),
        finished=lambda folder, ended: check_trained(whole, folder, ended),
        counts=counts,
    )


def test_prepare(whole, tmp_path, told):
    end = second_of(whole.writes, PREPARED)
    begun = second_of(whole.writes, "open run/.part-schema.json")
    writes = [(second, kind) for second, kind in whole.writes if second < begun]
    kinds = {kind for _, kind in writes}
    kills = of_train(
        whole,
        "prepare",
        lambda folder, strike: strike.kind in kinds or not (folder / "run" / "prepared").exists(),
    )
    pixels = (whole.run / "prepared/item_features/poster/pixels.npy").stat().st_size
    cut = Strike("open run/.prepared.part-*/new/*.npy", size=pixels // 2, expected=end)
    kills.run([*at_writes(writes, seed=1), *at_times(0, end, LEAST // 2, seed=2), cut])
    kills.run_until(LEAST // 2, 0, end, seed=8)
    told(kills)
    check_kills(kills, kinds, tmp_path)


def test_train(whole, tmp_path, told):
    begun = second_of(whole.writes, "open run/.part-schema.json")
    last = second_of(whole.writes, TRAINED)
    writes = [(second, kind) for second, kind in whole.writes if second >= begun]
    kinds = {kind for _, kind in writes}
    kills = of_train(
        whole, "train", lambda folder, strike: strike.kind in kinds or (folder / "run" / "prepared").exists()
    )
    model = (whole.run / "model.keras").stat().st_size
    cuts = [
        Strike(kind, size=size, expected=second_of(writes, kind))
        for kind, size in (
            ("open run/checkpoint/.part-last.npz", 8_000),
            ("open run/.part-model.keras", model // 2),
            ("open run/plots/.part-recommendations.png", 20_000),
        )
    ]
    kills.run([*at_writes(writes, seed=3), *at_times(begun, last, LEAST // 2, seed=4), *cuts])
    kills.run_until(LEAST // 2, begun, last, seed=9)
    told(kills)
    check_kills(kills, kinds, tmp_path)


@pytest.mark.parametrize("replace", [False, True], ids=["next", "replace"])
def test_export(whole, tmp_path, told, replace):
    version, options = ("1", ["--replace"]) if replace else ("2", [])
    exported = whole.version
    known, names, answered = contents(exported), files(exported), answers(whole, exported)

    def fresh(folder):
        shutil.copytree(exported, folder / "sm" / "1")

    def command(folder):
        return ["export", whole.run, folder / "sm" / version, *options]

    def check(folder, ended):
        check_left(folder)
        made = [kind for _, kind in ended.writes]
        visible = {path.name for path in (folder / "sm").iterdir() if path.name.isdecimal()}
        if replace:
            aside = list((folder / "sm").glob(".1.part-*/old"))  # is put back when the command starts again
            assert visible == {"1"} or files(aside[0]) == names
        else:
            begun = "mkdir sm/.2.part-*" in made  # else the one before may have come as far as the end
            assert visible == {"1"} or (visible == {"1", "2"} and ("rename sm/2" in made or not begun))
            assert contents(folder / "sm" / "1") == known
        for name in visible:
            assert files(folder / "sm" / name) == names

    def finished(folder, ended):
        assert ended.code == 0, ended.said
        assert {path.name for path in (folder / "sm").iterdir()} == {"1", version}
        assert files(folder / "sm" / version) == names
        assert answers(whole, folder / "sm" / version) == answered
        assert replace or contents(folder / "sm" / "1") == known

    first = whole.base / f"{version}-whole"
    fresh(first)
    with Commands() as commands:
        ended = commands.run(whole.base, first, command(first))
    finished(first, ended)
    kills = Kills(f"export-{version}", command, whole.base, fresh=fresh, check=check, finished=finished)
    made = [second for second, _ in ended.writes]
    aside = next(kind for _, kind in ended.writes if ".part-" in kind)
    # written by TensorFlow in C++, which nobody is told of
    sizes = [
        (exported / name).stat().st_size
        for name in ("variables/variables.data-00000-of-00001", "saved_model.pb")
    ]
    assert sizes[0] * 1.5 < sizes[1]
    cuts = [
        Strike(aside, size=int(size * share), expected=made[1])
        for size, share in zip(sizes, (0.5, 0.9), strict=True)
    ]
    within = LEAST // 4 if replace else LEAST // 2 + 2  # where it is replaced, the rest is the same
    times = [*at_times(0, made[0], 2, seed=5), *at_times(made[0], made[-1], within, seed=6)]
    kills.run([*at_writes(ended.writes, seed=7), *times, *cuts])
    least = LEAST // 2 if replace else LEAST
    kills.run_until(least // 2, made[0], made[-1], seed=10)
    told(kills)
    check_kills(kills, {kind for _, kind in ended.writes}, tmp_path, least)
    assert [kill for kill in kills.struck("second") if kill["after"] == aside], "none while TensorFlow writes"


def test_index_add(whole, told):
    exported, new = whole.version, whole.base / "new-items"
    known, names = contents(exported), files(exported)
    new.mkdir()
    (new / "items.csv").write_text("item_id,year\nnew,1990\n")

    def fresh(folder):
        shutil.copytree(exported, folder / "sm" / "1")

    def command(folder):
        return ["index", "add", folder / "sm", new]

    def check(folder, ended):
        check_left(folder)
        visible = {path.name for path in (folder / "sm").iterdir() if path.name.isdecimal()}
        assert visible in ({"1"}, {"1", "2"})
        assert contents(folder / "sm" / "1") == known
        for name in visible:
            assert files(folder / "sm" / name) == names

    def finished(folder, ended):
        assert ended.code == 0, ended.said
        assert {path.name for path in (folder / "sm").iterdir()} == {"1", "2"}
        check(folder, ended)
        kept = folder / "sm" / "2" / "assets.extra" / "kept" / "catalogue" / "catalogue.json"
        assert json.loads(kept.read_text("utf-8"))["item_ids"][-1] == "new"

    first = whole.base / "index-whole"
    fresh(first)
    with Commands() as commands:
        ended = commands.run(whole.base, first, command(first))
    finished(first, ended)
    kills = Kills("index", command, whole.base, fresh=fresh, check=check, finished=finished)
    made = [second for second, _ in ended.writes]
    kinds = at_writes(ended.writes, seed=11)
    kept = next(strike for strike in kinds if strike.kind and "kept/model.keras" in strike.kind)
    renamed = Strike("rename sm/2", expected=made[-1])
    behind = next(strike for strike in kinds if strike.kind and strike.kind.startswith("rmtree"))
    kills.run([kinds[0], kept, renamed, behind, *at_times(made[0], made[-1], 2, seed=12)])
    told(kills)
    assert len(kills.log) >= 4


def test_an_export_that_was_whole_when_it_was_killed_is_not_made_twice(whole):
    folder, command = whole.base / "export-again", ["export", whole.run]
    versions = folder / "savedmodels" / whole.run.name
    behind = Strike(f"rmtree savedmodels/{whole.run.name}/.1.part-*")  # the first write after the last rename
    with Commands() as commands:
        assert commands.run(whole.base, folder, command, behind).killed
        made = contents(versions / "1")
        assert len(list(versions.iterdir())) == 2  # what was aside is left
        again = commands.run(whole.base, folder, command)
    assert again.code == 0 and "is this very export" in again.said
    assert [path.name for path in versions.iterdir()] == ["1"]
    assert contents(versions / "1") == made and files(versions / "1") == files(whole.version)
