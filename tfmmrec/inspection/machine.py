"""What this machine offers: versions, accelerators (or why there is none), free disk and memory."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras

from tfmmrec.training.run import versions

_CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Machine:
    """What this machine offers.

    Attributes:
        versions: of Python and packages, the backend, the number of cores.
        accelerators: those the backend uses; maybe none.
        why_none: what is known of the reason; ``""`` where there is one.
        disk: bytes free where runs are written.
        memory: bytes this process may still take; None where the system does not say.
    """

    versions: dict[str, str]
    accelerators: list[str]
    why_none: str
    disk: int
    memory: int | None


def look_at_machine(runs: str | Path = "runs") -> Machine:
    """Looks.

    Args:
        runs: where runs are written; the disk of its nearest folder that exists is looked at.
    """
    found = _accelerators()
    why = "" if found else why_no_accelerator(keras.backend.backend(), os.environ, _device_files(), _cuda())
    there = Path(runs).absolute()
    while not there.exists():
        there = there.parent
    return Machine(versions(), found, why, shutil.disk_usage(there).free, free_memory())


def why_no_accelerator(
    backend: str, environment: Mapping[str, str], device_files: Sequence[str], cuda: bool
) -> str:
    """Why a backend may see no accelerator.

    Args:
        backend: of Keras.
        environment: variables by name.
        device_files: of accelerators, such as ``/dev/nvidia0``.
        cuda: whether the backend was built for NVIDIA's GPUs.
    """
    for name in ("CUDA_VISIBLE_DEVICES", "JAX_PLATFORMS"):
        if environment.get(name, "0") in ("", "-1", "cpu"):
            return f"the environment variable {name}={environment[name]!r} hides them; unset it"
    if any("nvidia" in file for file in device_files):
        extra = "tensorflow[and-cuda]" if backend == "tensorflow" else "jax[cuda12]"
        if not cuda:
            return f"an NVIDIA GPU is there, but this {backend} is built without CUDA: pip install '{extra}'"
        return f"an NVIDIA GPU is there, but {backend} cannot use it: driver or CUDA libraries are missing"
    if device_files:
        if backend == "jax":
            return "a TPU is there, but jax cannot use it: pip install 'jax[tpu]'; or somebody holds it"
        return f"a TPU is there, which {backend} does not use: set KERAS_BACKEND=jax"
    return "this machine has none: there is neither /dev/nvidia* nor /dev/accel* (a TPU)"


def free_memory(proc: Path = Path("/proc/meminfo"), cgroup: Path = _CGROUP) -> int | None:
    """Bytes that are available, to the machine and within the limits of its container; None: unknown."""
    found = []
    if proc.is_file():
        lines = dict(line.split(":", 1) for line in proc.read_text().splitlines() if ":" in line)
        if "MemAvailable" in lines:
            found.append(int(lines["MemAvailable"].split()[0]) * 1024)
    try:
        limit, used = ((cgroup / name).read_text().strip() for name in ("memory.max", "memory.current"))
        found += [int(limit) - int(used)] if limit.isdecimal() else []
    except OSError:
        pass
    return min(found, default=None)


def _accelerators() -> list[str]:
    if keras.backend.backend() == "jax":
        import jax

        try:
            return [f"{one.platform}: {one.device_kind}" for one in jax.devices() if one.platform != "cpu"]
        except RuntimeError:  # a platform was asked for that cannot be started
            return []
    import tensorflow as tf

    devices = [one for one in tf.config.list_physical_devices() if one.device_type != "CPU"]
    return [tf.config.experimental.get_device_details(one).get("device_name", one.name) for one in devices]


def _device_files() -> list[str]:
    return sorted(glob.glob("/dev/nvidia[0-9]*") + glob.glob("/dev/accel*"))


def _cuda() -> bool:
    if keras.backend.backend() != "tensorflow":
        return True  # jax keeps CUDA in packages of their own
    import tensorflow as tf

    return bool(tf.test.is_built_with_cuda())
