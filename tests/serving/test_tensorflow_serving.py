"""What TensorFlow Serving is told: real flags and fields."""

from tfmmrec.serving.deployment import Deployment
from tfmmrec.serving.tensorflow_serving import FLAGS

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
