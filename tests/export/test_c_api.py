"""An export served without Python: a C program loads it as TensorFlow Serving does, and answers the same."""

import io
import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from export import questions, world

TIMES = 3
"""Once by one thread alone, then by two at the same time."""

WHERE = """
import json, tensorflow as tf
print(json.dumps([tf.sysconfig.get_include(), tf.sysconfig.get_lib(), tf.__version__]))
"""


@pytest.fixture(scope="module", params=["this", "other"])
def serve(request, compiler, tmp_path_factory):
    """The program, compiled against a TensorFlow; answers a list of requests, `TIMES` over."""
    python = sys.executable if request.param == "this" else request.getfixturevalue("other_tensorflow")
    said = subprocess.run([str(python), "-c", WHERE], capture_output=True, text=True, check=True).stdout
    include, folder, version = json.loads(said.splitlines()[-1])
    libraries = [Path(folder, name) for name in ("libtensorflow_cc.so.2", "libtensorflow_framework.so.2")]
    for needed in [Path(include, "tensorflow", "c", "c_api.h"), *libraries]:
        if not needed.is_file():
            pytest.skip(f"needs TensorFlow's C API, and TensorFlow {version} brings no {needed.name}")
    program = tmp_path_factory.mktemp("serve") / "serve"
    source = Path(__file__).with_name("serve.c")
    command = [compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-pthread", f"-I{include}", str(source)]
    command += [*map(str, libraries), f"-Wl,-rpath,{folder}", "-ldl", "-o", str(program)]
    compiled = subprocess.run(command, capture_output=True, text=True)
    assert compiled.returncode == 0, compiled.stderr

    def answers(path: Path, requests: list[questions.Request]) -> list[list[dict[str, np.ndarray]]]:
        asked, answered = program.with_name("requests"), program.with_name("answers")
        fetched = write(asked, path, requests)
        ended = subprocess.run(
            [str(program), str(path), str(asked), str(answered)],
            capture_output=True,
            text=True,
            env={"TF_CPP_MIN_LOG_LEVEL": "2"},  # nothing that a Python could be found by
        )
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout == f"TensorFlow {version} answered.\n"
        file = io.BytesIO(answered.read_bytes())
        times = [[{key: read(file) for key in keys} for keys in fetched] for _ in range(TIMES)]
        assert not file.read(1), "the program answered more than it was asked"
        return times

    return answers


def write(file: Path, path: Path, requests: list[questions.Request]) -> list[list[str]]:
    """Writes requests by the tensors that saved_model.pb names; the names of each one's outputs, in order."""
    (meta,) = SavedModel.FromString((path / "saved_model.pb").read_bytes()).meta_graphs
    assert list(meta.meta_info_def.tags) == ["serve"]
    parts, fetched = [number(len(requests))], []
    for name, given in requests:
        signature = meta.signature_def[name]
        assert sorted(given) == sorted(signature.inputs)
        parts.append(number(len(given)))
        for key, array in given.items():
            info = signature.inputs[key]
            parts += [string(info.name.encode()), number(info.dtype, array.ndim, *array.shape)]
            if info.dtype == tf.string.as_datatype_enum:
                parts += map(string, array.ravel())
            else:
                assert tf.as_dtype(info.dtype) == array.dtype
                parts.append(array.tobytes())
        fetched.append(sorted(signature.outputs))
        parts.append(number(len(signature.outputs)))
        parts += [string(signature.outputs[key].name.encode()) for key in fetched[-1]]
    file.write_bytes(b"".join(parts))
    return fetched


def read(file: io.BytesIO) -> np.ndarray:
    """The next tensor of the answers."""
    kind, rank = struct.unpack("=2q", file.read(16))
    shape = struct.unpack(f"={rank}q", file.read(8 * rank))
    count = int(np.prod(shape))
    if kind == tf.string.as_datatype_enum:
        strings = [file.read(*struct.unpack("=q", file.read(8))) for _ in range(count)]
        return np.array(strings, object).reshape(shape)
    dtype = np.dtype(tf.as_dtype(kind).as_numpy_dtype)
    return np.frombuffer(file.read(count * dtype.itemsize), dtype).reshape(shape)


def number(*values: int) -> bytes:
    return struct.pack(f"={len(values)}q", *values)


def string(value: bytes) -> bytes:
    return number(len(value)) + value


@pytest.mark.slow
@pytest.mark.parametrize("export", [world.shop_export, world.shop_cells_export], ids=["exact", "ivf"])
def test_a_program_without_python_answers_every_signature(serve, export):
    path = export()
    requests = questions.of_shop(path)
    assert {name for name, _ in requests} == set(world.loaded(path).signatures)
    expected = [world.answer(path, name, given) for name, given in requests]
    for time, answers in enumerate(serve(path, requests)):
        for (name, _), got, answer in zip(requests, answers, expected, strict=True):
            assert sorted(got) == sorted(answer)
            for key, value in answer.items():
                questions.check_same(got[key], value, f"{name}: {key}, time {time}")
