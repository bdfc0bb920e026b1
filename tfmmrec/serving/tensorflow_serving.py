"""What TensorFlow Serving is told: flags, models, batching and monitoring.

Sources: https://www.tensorflow.org/tfx/serving/serving_config, and of TensorFlow Serving ``main.cc`` for the
flags, ``model_server_config.proto``, ``session_bundle_config.proto`` and ``monitoring_config.proto``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

GRPC_PORT, REST_PORT = 8500, 8501
"""Those of the image tensorflow/serving."""

FLAGS = (
    "--model_config_file=/config/models.config",
    "--model_config_file_poll_wait_seconds=60",
    "--enable_batching=true",
    "--batching_parameters_file=/config/batching.config",
    "--monitoring_config_file=/config/monitoring.config",
    "--rest_api_timeout_in_ms=30000",
)
"""Of ``tensorflow_model_server``; the image adds the ports."""

METRICS = "/monitoring/prometheus/metrics"
"""Where Prometheus reads, on the REST port."""


def models_config(models: Sequence[str]) -> str:
    """``ModelServerConfig``: which models there are; of each the latest version is served."""
    configs = "".join(
        f"""\
  config {{
    name: {quoted(name)}
    base_path: {quoted(f"/models/{name}")}
    model_platform: "tensorflow"
  }}
"""
        for name in models
    )
    return f"model_config_list {{\n{configs}}}\n"


def batching_config(cores: int) -> str:
    """``BatchingParameters``: requests that come at about the same time are answered together."""
    return f"""\
# A request of more questions than this is refused.
max_batch_size {{ value: 64 }}
# How long a request waits for others.
batch_timeout_micros {{ value: 1000 }}
# As many as the machine has cores.
num_batch_threads {{ value: {cores} }}
# Batches that wait, of every signature; a request beyond gets HTTP 503, and may be sent again.
max_enqueued_batches {{ value: 100 }}
# Histories and candidates are of different lengths.
pad_variable_length_inputs: true
"""


def monitoring_config() -> str:
    """``MonitoringConfig``: numbers for Prometheus, on the REST port."""
    return f"""\
prometheus_config {{
  enable: true
  path: "{METRICS}"
}}
"""


def listed_flags(indent: int) -> str:
    """`FLAGS` as a list of YAML."""
    return "\n".join(f"{' ' * indent}- {flag}" for flag in FLAGS)


def quoted(text: str) -> str:
    """A string of a text proto, and of YAML."""
    return json.dumps(text, ensure_ascii=False)
