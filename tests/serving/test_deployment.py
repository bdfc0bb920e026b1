"""Files that run TensorFlow Serving: which models, real flags and fields, one text for all of them."""

import shlex

import pytest

from tfmmrec.serving.deployment import FLAGS, Deployment, docker_command

yaml = pytest.importorskip("yaml", reason="PyYAML comes with other tools alone")

# of tensorflow_model_server, from main.cc
REAL_FLAGS = {
    "port",
    "rest_api_port",
    "rest_api_num_threads",
    "rest_api_timeout_in_ms",
    "enable_batching",
    "batching_parameters_file",
    "model_config_file",
    "model_config_file_poll_wait_seconds",
    "monitoring_config_file",
    "enable_model_warmup",
}


@pytest.fixture
def savedmodels(tmp_path):
    """Two models: one of two versions, a half-written third; one of one version; and what is no model."""
    for version, size in (("films/2", 3), ("films/10", 5), ("songs & more/1", 7)):
        folder = tmp_path / "savedmodels" / version
        (folder / "variables").mkdir(parents=True)
        (folder / "saved_model.pb").write_bytes(b"x")
        (folder / "variables" / "data").write_bytes(bytes(size))
    (tmp_path / "savedmodels" / "films" / "11").mkdir()
    (tmp_path / "savedmodels" / "notes").mkdir()
    (tmp_path / "savedmodels" / "README").touch()
    return tmp_path / "savedmodels"


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


def test_the_flags_are_real_and_the_files_they_name_are_written(savedmodels):
    names = {flag.removeprefix("--").split("=")[0] for flag in FLAGS}
    assert names <= REAL_FLAGS
    files = Deployment.of(savedmodels).files(savedmodels)
    named = {flag.split("/config/")[1] for flag in FLAGS if "/config/" in flag}
    assert named == set(files) - {"docker-compose.yml", "kubernetes.yaml"}


def test_batching(savedmodels):
    """``BatchingParameters``: numbers are wrapped, the padding is a bool."""
    text = Deployment.of(savedmodels, cores=6).files(savedmodels)["batching.config"]
    fields = [line for line in text.splitlines() if not line.startswith("#")]
    assert fields == [
        "max_batch_size { value: 64 }",
        "batch_timeout_micros { value: 1000 }",
        "num_batch_threads { value: 6 }",
        "max_enqueued_batches { value: 100 }",
        "pad_variable_length_inputs: true",
    ]


def test_compose_finds_the_models_from_where_it_stands(savedmodels, tmp_path):
    deployment = Deployment.of(savedmodels, image="registry/$team/serving:2", cores=6)
    text = deployment.files(tmp_path / "deep" / "er")["docker-compose.yml"]
    (service,) = yaml.safe_load(text)["services"].values()
    assert service["image"] == "registry/$$team/serving:2"  # $ would begin a variable
    assert service["command"] == list(FLAGS)
    assert service["ports"] == ["8500:8500", "8501:8501"]
    models, config = service["volumes"]
    assert models == {"type": "bind", "source": "../../savedmodels", "target": "/models", "read_only": True}
    assert (config["source"], config["target"]) == (".", "/config")
    assert service["deploy"]["resources"]["limits"] == {"cpus": "6", "memory": "3g"}
    assert service["healthcheck"]["test"][:3] == ["CMD", "bash", "-c"]
    beside = deployment.files(tmp_path)["docker-compose.yml"]
    assert 'source: "./savedmodels"' in beside


def test_kubernetes_holds_the_configuration_and_waits_for_a_version(savedmodels):
    files = Deployment.of(savedmodels, image="serving:2", cores=6).files(savedmodels)
    objects = {one["kind"]: one for one in yaml.safe_load_all(files["kubernetes.yaml"])}
    assert sorted(objects) == ["ConfigMap", "Deployment", "PersistentVolumeClaim", "Service"]
    config = objects["ConfigMap"]["data"]
    assert config == {name: files[name] for name in config}
    assert len(config) == 3

    spec = objects["Deployment"]["spec"]
    pod = spec["template"]
    assert (
        spec["selector"]["matchLabels"] == pod["metadata"]["labels"] == objects["Service"]["spec"]["selector"]
    )
    (container,) = pod["spec"]["containers"]
    assert (container["image"], container["args"]) == ("serving:2", list(FLAGS))
    assert container["readinessProbe"]["httpGet"] == {"path": "/v1/models/films/metadata", "port": "rest"}
    assert container["resources"]["requests"] == {"cpu": "6", "memory": "3Gi"}
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"grpc": 8500, "rest": 8501}
    assert {port["targetPort"] for port in objects["Service"]["spec"]["ports"]} == set(ports)

    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts == {"savedmodels": "/models", "config": "/config"} and set(volumes) == set(mounts)
    claim = volumes["savedmodels"]["persistentVolumeClaim"]["claimName"]
    assert claim == objects["PersistentVolumeClaim"]["metadata"]["name"]
    assert volumes["config"]["configMap"]["name"] == objects["ConfigMap"]["metadata"]["name"]


def test_memory_and_disk_grow_with_the_models(savedmodels):
    large = Deployment(savedmodels, ("films",), size=3 * 2**30)
    assert large.memory == 2 + 9
    assert "storage: 30Gi" in large.files(savedmodels)["kubernetes.yaml"]


def test_the_docker_command(savedmodels, tmp_path):
    command = docker_command(Deployment.of(savedmodels), tmp_path / "my deploy").replace("\\\n", "")
    command = shlex.split(command)
    assert command[:2] == ["docker", "run"]
    assert f"{savedmodels}:/models:ro" in command
    assert f"{tmp_path}/my deploy:/config:ro" in command
    assert command[command.index("tensorflow/serving:latest") + 1 :] == list(FLAGS)


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
