"""Kubernetes: names that must agree, and a pod that is ready when it answers."""

import pytest

from tfmmrec.serving.deployment import Deployment
from tfmmrec.serving.tensorflow_serving import FLAGS

yaml = pytest.importorskip("yaml", reason="PyYAML comes with other tools alone")


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
