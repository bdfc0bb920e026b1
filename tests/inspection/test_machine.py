"""What a machine offers, and why there is no accelerator."""

import shutil

import pytest

from tfmmrec.inspection.machine import free_memory, look_at_machine, why_no_accelerator


@pytest.mark.parametrize(
    ("backend", "environment", "files", "cuda", "said"),
    [
        ("tensorflow", {}, [], True, "this machine has none"),
        (
            "tensorflow",
            {"CUDA_VISIBLE_DEVICES": "-1"},
            ["/dev/nvidia0"],
            True,
            "CUDA_VISIBLE_DEVICES='-1' hides",
        ),
        ("jax", {"JAX_PLATFORMS": "cpu"}, ["/dev/nvidia0"], True, "JAX_PLATFORMS='cpu' hides"),
        ("tensorflow", {"CUDA_VISIBLE_DEVICES": "0"}, ["/dev/nvidia0"], False, "built without CUDA"),
        ("tensorflow", {}, ["/dev/nvidia0"], True, "driver or CUDA libraries are missing"),
        ("tensorflow", {}, ["/dev/accel0"], False, "set KERAS_BACKEND=jax"),
        ("jax", {}, ["/dev/accel0"], True, "pip install 'jax[tpu]'"),
    ],
)
def test_why_there_is_no_accelerator(backend, environment, files, cuda, said):
    assert said in why_no_accelerator(backend, environment, files, cuda)


def test_free_memory_is_the_least_of_machine_and_container(tmp_path):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:  9000 kB\nMemAvailable:    4000 kB\n")
    assert free_memory(meminfo, tmp_path) == 4_096_000
    (tmp_path / "memory.max").write_text("3000000\n")
    (tmp_path / "memory.current").write_text("1000000\n")
    assert free_memory(meminfo, tmp_path) == 2_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory(meminfo, tmp_path) == 4_096_000
    assert free_memory(tmp_path / "nowhere", tmp_path / "nowhere") is None


def test_this_machine(tmp_path):
    found = look_at_machine(tmp_path / "runs" / "not" / "there")
    assert found.versions["keras"] and found.versions["python"].startswith("3.")
    assert bool(found.accelerators) != bool(found.why_none)
    assert abs(found.disk - shutil.disk_usage(tmp_path).free) < 1e9
