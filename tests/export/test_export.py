"""Where an export is written, what stands in it, and what is refused."""

import dataclasses
import json
import os
import shutil

import pytest
import tensorflow as tf

from export import world
from export.world import call
from tfmmrec.aside import folder_aside
from tfmmrec.data.vocabulary import ids_sha256
from tfmmrec.export import CONVENTIONS, KnownUsers, core_ops, export
from tfmmrec.models import build_recommender


@pytest.fixture(scope="module")
def quick():
    """Exports a model of ids alone, which takes little time."""
    data, _ = world.circle()
    schema = dataclasses.replace(data.schema, item=[], tasks=data.schema.tasks[:1])
    model = build_recommender(schema, data.vocabulary, width=8, fusion="concat", seed=0)
    return lambda path, **settings: export(model, data.catalogue, path, **settings)


@pytest.fixture(scope="module")
def version(quick, tmp_path_factory):
    """An export; whoever uses it leaves it whole."""
    return quick(tmp_path_factory.mktemp("served") / "deep" / "model" / "2")


def test_it_says_what_it_is():
    data, model = world.shop()
    about = json.loads((world.shop_export() / "assets.extra" / "about.json").read_text("utf-8"))
    assert about["schema"] == json.loads(json.dumps(data.schema.to_dict()))
    assert (about["items"], about["users"], about["width"], about["index"]) == (10, 4, 8, "exact")
    assert about["conventions"] == list(CONVENTIONS)
    assert about["operations"] == core_ops(world.shop_export())
    assert about["versions"]["backend"] == "tensorflow"
    assert about["classes"] == {"outcome": data.vocabulary.tasks["outcome"]["classes"]}
    recommend = about["signatures"]["recommend"]
    assert recommend["inputs"]["history_snap"] == {"dtype": "string", "shape": [None, None]}
    assert recommend["inputs"]["k"] == {"dtype": "int32", "shape": [None]}
    assert recommend["outputs"]["outcome"] == {"dtype": "float32", "shape": [None, None, 3]}


def test_a_broken_picture_fails_its_batch():
    with pytest.raises(tf.errors.InvalidArgumentError, match="(?i)image|jpeg|png"):
        call(
            world.shop_export(),
            "encode_item",
            item_id=["", ""],
            item_poster=[[b"no picture"], [world.png(1)]],
        )


def test_nothing_is_left_beside_a_version(version):
    assert version.name == "2"
    assert os.listdir(version.parent) == ["2"]
    assert {"saved_model.pb", "variables", "assets.extra"} <= set(os.listdir(version))


def test_a_version_is_replaced_only_when_asked_for_and_only_by_a_whole_one(quick, version, monkeypatch):
    before = version.stat().st_ino
    with pytest.raises(
        ValueError,
        match=r"is there already, with something else in it. Export to the next version, '.*model/3'",
    ):
        quick(version, users=KnownUsers.of(world.circle()[0]))
    with monkeypatch.context() as broken, pytest.raises(ZeroDivisionError):
        broken.setattr(tf.saved_model, "save", lambda *_, **__: 1 / 0)
        quick(version, overwrite=True)
    assert version.stat().st_ino == before
    quick(version, overwrite=True, index={"name": "exact"})
    assert version.stat().st_ino != before
    assert os.listdir(version.parent) == ["2"]
    tf.saved_model.load(str(version))


def test_the_same_export_again_leaves_it_as_it_is(quick, version, monkeypatch):
    before = {file: file.stat().st_mtime_ns for file in version.rglob("*")}
    monkeypatch.setattr(tf.saved_model, "save", lambda *_, **__: 1 / 0)
    monkeypatch.chdir(version.parent)
    assert quick("2") == quick(version, index={"name": "exact"}) == version
    assert {file: file.stat().st_mtime_ns for file in version.rglob("*")} == before
    assert os.listdir(version.parent) == ["2"]


def test_a_version_that_says_nothing_of_what_it_was_made_from_is_another(quick, version, tmp_path):
    old = shutil.copytree(version, tmp_path / "5")
    about = json.loads((old / "assets.extra" / "about.json").read_text("utf-8"))
    assert len(about.pop("fingerprint")) == 64
    (old / "assets.extra" / "about.json").write_text(json.dumps(about), "utf-8")
    with pytest.raises(ValueError, match="is there already, with something else in it.*/6'"):
        quick(old)
    shutil.rmtree(old / "assets.extra")
    with pytest.raises(ValueError, match="is there already, with something else in it"):
        quick(old)


def test_a_version_that_another_process_writes_is_left_to_it(quick, tmp_path):
    match = r"just writing '.*/1'. Wait for it, or give another version"
    with folder_aside(tmp_path / "1"), pytest.raises(ValueError, match=match):
        quick(tmp_path / "1")
    assert os.listdir(tmp_path) == []


def test_a_full_disk_is_told_by_the_path_of_the_version(quick, tmp_path, monkeypatch):
    def full(_, folder, **__):
        raise tf.errors.ResourceExhaustedError(None, None, f"{folder}/variables; No space left on device")

    def out_of_memory(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    monkeypatch.setattr(tf.saved_model, "save", full)
    with pytest.raises(OSError, match="No space left on device") as raised:
        quick(tmp_path / "model" / "1")
    assert raised.value.filename == str(tmp_path / "model" / "1")
    monkeypatch.setattr(tf.saved_model, "save", out_of_memory)
    with pytest.raises(tf.errors.ResourceExhaustedError, match="OOM"):
        quick(tmp_path / "model" / "1")
    assert os.listdir(tmp_path / "model") == []


@pytest.mark.parametrize("name", ["demo", "1.5", "-1", "007", "v1", "²"])
def test_a_path_that_is_no_version_is_refused(quick, tmp_path, name):
    with pytest.raises(ValueError, match="ends in a whole number.*Give '.*/1'"):
        quick(tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_something_else_is_never_replaced(quick, tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "thesis.txt").write_text("…")
    with pytest.raises(ValueError, match="so it is not replaced. Give another version"):
        quick(tmp_path / "1", overwrite=True)
    assert os.listdir(tmp_path / "1") == ["thesis.txt"]


def test_an_index_of_cells_answers_the_same_and_says_what_it_reached(tmp_path):
    exact = world.circle_export()
    data, model = world.circle()
    settings = {"name": "ivf", "size": 2, "recall_target": 1.0, "exact_from": 1000}
    path = export(model, data.catalogue, tmp_path / "1", users=KnownUsers.of(data), index=settings)
    about = json.loads((path / "assets.extra" / "about.json").read_text("utf-8"))
    assert about["index"] == settings
    measured = about["index_measured"]
    told = {"cells", "probes", "recall@100", "cosine probes", "cosine recall@100"}
    told |= {"exact from batches of", "cosine exact from batches of"}
    assert set(measured) == told and measured["cells"] >= 5
    assert measured["recall@100"] == measured["cosine recall@100"] == 1
    question = {"history": [["x"], ["y", "é"]], "k": [3, 10], "exclude_seen": [True, False]}
    answers = [call(one, "recommend", **question) for one in (exact, path)]
    assert answers[0]["item_id"].tolist() == answers[1]["item_id"].tolist()


def test_an_index_there_is_not(quick, tmp_path):
    with pytest.raises(ValueError, match="There is no index 'faiss'. There are: exact, ivf"):
        quick(tmp_path / "1", index="faiss")


def test_arguments_of_another_kind(quick, tmp_path):
    data, model = world.circle()
    with pytest.raises(ValueError, match=r"users must be KnownUsers.of\(data\) or None, got Data"):
        quick(tmp_path / "1", users=data)
    with pytest.raises(ValueError, match="catalogue must be data.catalogue, got Data"):
        export(model, data, tmp_path / "1")
    with pytest.raises(ValueError, match="model must be a Recommender, got str"):
        export("model.keras", data.catalogue, tmp_path / "1")


def test_data_the_model_was_not_trained_on(quick, tmp_path):
    (_, of_shop), (circle, of_circle) = world.shop(), world.circle()
    with pytest.raises(ValueError, match="other data than the model was trained on: its item feature '"):
        export(of_shop, circle.catalogue, tmp_path / "1")
    tasks = {**circle.vocabulary.tasks, "score": {"mean": 0.0}}
    other = dataclasses.replace(circle.vocabulary, tasks=tasks)
    with pytest.raises(ValueError, match="its task 'score' differs"):
        export(of_circle, dataclasses.replace(circle.catalogue, vocabulary=other), tmp_path / "1")
    other = dataclasses.replace(circle.vocabulary, trained_sha256=ids_sha256(["as", "many"], ["others"]))
    with pytest.raises(ValueError, match="take items for one another"):
        export(of_circle, dataclasses.replace(circle.catalogue, vocabulary=other), tmp_path / "1")
    users = KnownUsers.of(circle)
    users = dataclasses.replace(users, seen=users.seen + 5)
    with pytest.raises(ValueError, match="items that are not in the catalogue"):
        quick(tmp_path / "1", users=users)


def test_a_model_that_diverged_is_not_exported(tmp_path):
    data, _ = world.circle()
    model = build_recommender(data.schema, data.vocabulary, width=8, fusion="concat", seed=0)
    weight = model.item_tower.trainable_weights[0]
    weight.assign(weight * float("nan"))
    with pytest.raises(ValueError, match="not all finite numbers; the training has diverged"):
        export(model, data.catalogue, tmp_path / "1")
    assert os.listdir(tmp_path) == []
