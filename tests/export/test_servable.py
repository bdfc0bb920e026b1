"""The check of operations: what passes is TensorFlow's own, and what must not pass is named."""

import subprocess
from pathlib import Path

import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow.python.framework import op_def_registry

from export import world
from tfmmrec.export import check_servable, core_ops


def save(function, folder):
    module = tf.Module()
    module.function = tf.function(function, input_signature=[tf.TensorSpec([None])])
    tf.saved_model.save(module, str(folder), signatures={"function": module.function})
    return folder


def changed(folder, change):
    """A SavedModel that was changed in its file."""
    file = folder / "saved_model.pb"
    model = SavedModel.FromString(file.read_bytes())
    change(model)
    file.write_bytes(model.SerializeToString())
    return folder


@pytest.mark.parametrize("path", [world.shop_export, world.circle_export], ids=["shop", "circle"])
def test_every_operation_of_an_export_is_in_the_core_registry(path):
    operations = core_ops(path())
    assert operations == sorted(set(operations))
    assert {"LookupTableFindV2", "TopKV2", "MatMul"} <= set(operations)
    for operation in operations:
        assert op_def_registry.get(operation) is not None
        assert hasattr(tf.raw_ops, operation)
    assert b"_XlaMustCompile" not in (path() / "saved_model.pb").read_bytes()
    check_servable(path())


def test_operations_inside_functions_and_branches_are_found(tmp_path):
    def branched(x):
        return tf.cond(
            tf.reduce_sum(x) > 0,
            lambda: tf.sin(x),
            lambda: tf.while_loop(lambda y: tf.reduce_sum(y) < 1, lambda y: (tf.atan(y),), (x,))[0],
        )

    assert {"Sin", "Atan", "Sum"} <= set(core_ops(save(branched, tmp_path)))


def python_everywhere(x):
    return tf.numpy_function(lambda y: y, [x], tf.float32)


def python_in_a_branch(x):
    return tf.cond(tf.reduce_sum(x) > 0, lambda: python_everywhere(x), lambda: x)


def python_in_a_data_set(x):
    return tf.data.Dataset.from_tensors(x).map(python_everywhere).get_single_element()


@pytest.mark.parametrize("function", [python_everywhere, python_in_a_branch, python_in_a_data_set])
def test_python_functions_are_refused(function, tmp_path):
    folder = save(function, tmp_path)
    with pytest.raises(ValueError, match="lacks: (Eager)?PyFunc"):
        check_servable(folder)


@pytest.mark.parametrize("carrier", ["node", "function", "both"])
def test_compiled_functions_are_refused(carrier, tmp_path):
    compiled = tf.function(lambda x: x + 1, jit_compile=True)

    def strip(model):
        for function in model.meta_graphs[0].graph_def.library.function:
            if carrier == "node":
                function.attr.pop("_XlaMustCompile", None)
            for node in function.node_def if carrier == "function" else ():
                node.attr.pop("_XlaMustCompile", None)

    folder = changed(save(lambda x: compiled(x), tmp_path), strip)
    with pytest.raises(ValueError, match="carries _XlaMustCompile .*without jit_compile"):
        check_servable(folder)


@pytest.mark.parametrize("place", ["graph", "function", "another graph"])
def test_an_operation_nobody_knows_is_refused(place, tmp_path):
    def add(model):
        graph = model.meta_graphs[0].graph_def
        if place == "function":
            (sine,) = (node for one in graph.library.function for node in one.node_def if node.op == "Sin")
            sine.op = "WordpieceTokenize"
        else:
            graph = graph if place == "graph" else model.meta_graphs.add().graph_def
            graph.node.add(name="words", op="WordpieceTokenize")

    folder = changed(save(lambda x: tf.sin(x), tmp_path), add)
    with pytest.raises(ValueError, match="Serving lacks: WordpieceTokenize. Express them"):
        check_servable(folder)


def test_an_operation_of_a_loaded_library_is_refused_though_the_registry_has_it(compiler, tmp_path):
    library = tmp_path / "custom_op.so"
    source = Path(__file__).with_name("custom_op.c")
    command = [compiler, "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror"]
    command += [f"-I{tf.sysconfig.get_include()}", str(source), "-o", str(library)]
    compiled = subprocess.run(command, capture_output=True, text=True)
    assert compiled.returncode == 0, compiled.stderr
    halve = tf.load_op_library(str(library)).tfmmrec_test_halve
    assert op_def_registry.get("TfmmrecTestHalve") is not None
    with pytest.raises(ValueError, match="Serving lacks: TfmmrecTestHalve. Express them"):
        check_servable(save(lambda x: halve(x=x), tmp_path / "model"))


def test_no_model_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="There is no SavedModel in"):
        core_ops(tmp_path)
