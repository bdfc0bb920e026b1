"""Docker: the paths of models and configuration, as Compose and a shell read them."""

import shlex

import pytest

from tfmmrec.serving.deployment import Deployment
from tfmmrec.serving.docker import docker_command
from tfmmrec.serving.tensorflow_serving import FLAGS

yaml = pytest.importorskip("yaml", reason="PyYAML comes with other tools alone")


def test_compose_finds_the_models_from_where_it_stands(savedmodels, tmp_path):
    deployment = Deployment.of(savedmodels, image="registry/$team/serving:2", cores=6)
    text = deployment.files(tmp_path / "deep" / "er")["docker-compose.yml"]
    (service,) = yaml.safe_load(text)["services"].values()
    assert service["image"] == "registry/$$team/serving:2"  # $ would begin a variable
    assert service["command"] == list(FLAGS)
    at = "${TFMMREC_HOST:-127.0.0.1}"
    assert service["ports"] == [f"{at}:8500:8500", f"{at}:8501:8501"]
    models, config = service["volumes"]
    assert models == {"type": "bind", "source": "../../savedmodels", "target": "/models", "read_only": True}
    assert (config["source"], config["target"]) == (".", "/config")
    assert service["deploy"]["resources"]["limits"] == {"cpus": "6", "memory": "3g"}
    assert service["healthcheck"]["test"][:3] == ["CMD", "bash", "-c"]
    beside = deployment.files(tmp_path)["docker-compose.yml"]
    assert 'source: "./savedmodels"' in beside


def test_the_docker_command(savedmodels, tmp_path):
    command = docker_command(Deployment.of(savedmodels), tmp_path / "my deploy").replace("\\\n", "")
    command = shlex.split(command)
    assert command[:2] == ["docker", "run"]
    assert command[3:7] == ["-p", "127.0.0.1:8500:8500", "-p", "127.0.0.1:8501:8501"]
    assert f"{savedmodels}:/models:ro" in command
    assert f"{tmp_path}/my deploy:/config:ro" in command
    assert command[command.index("tensorflow/serving:latest") + 1 :] == list(FLAGS)


@pytest.mark.parametrize(
    ("host", "published"), [("0.0.0.0", "0.0.0.0:8501:8501"), ("::1", "[::1]:8501:8501")]
)
def test_the_docker_command_opens_only_when_asked(savedmodels, tmp_path, host, published):
    command = shlex.split(docker_command(Deployment.of(savedmodels), tmp_path, host).replace("\\\n", ""))
    assert command[6] == published


def test_docker_takes_no_names_of_machines(savedmodels, tmp_path):
    with pytest.raises(ValueError, match="ports at an IP address, such as 127.0.0.1 .*; got 'localhost'"):
        docker_command(Deployment.of(savedmodels), tmp_path, "localhost")
