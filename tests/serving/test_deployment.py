"""The files of a deployment: which models they serve, and that nothing is written over."""

import pytest

from tfmmrec.serving.deployment import Deployment


def test_every_model_of_the_folder_is_served(savedmodels):
    deployment = Deployment.of(savedmodels)
    assert deployment.models == ("films", "songs & more")
    assert deployment.size == (1 + 5) + (1 + 7)  # the latest versions
    assert deployment.files(savedmodels)["models.config"] == (
        "model_config_list {\n"
        '  config {\n    name: "films"\n    base_path: "/models/films"\n'
        '    model_platform: "tensorflow"\n  }\n'
        '  config {\n    name: "songs & more"\n    base_path: "/models/songs & more"\n'
        '    model_platform: "tensorflow"\n  }\n'
        "}\n"
    )


def test_memory_and_disk_grow_with_the_models(savedmodels):
    large = Deployment(savedmodels, ("films",), size=3 * 2**30)
    assert large.memory == 2 + 9
    assert "storage: 30Gi" in large.files(savedmodels)["kubernetes.yaml"]


def test_files_are_written_over_only_when_asked_for(savedmodels, tmp_path):
    deployment, to = Deployment.of(savedmodels), tmp_path / "deploy"
    written = deployment.write(to)
    assert sorted(path.name for path in to.iterdir()) == sorted(path.name for path in written)
    (to / "batching.config").write_text("mine")
    (to / "kubernetes.yaml").unlink()
    with pytest.raises(ValueError, match="batching.config.*would be written over. Pass --replace"):
        deployment.write(to)
    assert (to / "batching.config").read_text() == "mine"
    assert not (to / "kubernetes.yaml").exists()
    deployment.write(to, replace=True)
    assert "max_batch_size" in (to / "batching.config").read_text()


def test_a_folder_that_holds_no_models(savedmodels, tmp_path):
    with pytest.raises(ValueError, match="There is no folder '.*nowhere'. `tfmmrec export` makes"):
        Deployment.of(tmp_path / "nowhere")
    with pytest.raises(
        ValueError, match="There is no export in '.*notes': no version such as '.*films/1/saved_m"
    ):
        Deployment.of(savedmodels / "notes")
    for one in (savedmodels / "films", savedmodels / "films" / "2"):
        with pytest.raises(ValueError, match="is one model; give the folder of all models, '.*savedmodels'"):
            Deployment.of(one)


def test_a_name_that_no_address_can_hold(savedmodels):
    (savedmodels / "films").rename(savedmodels / "films:new")
    with pytest.raises(ValueError, match="'films:new' cannot stand in an address. Rename the folder"):
        Deployment.of(savedmodels)
