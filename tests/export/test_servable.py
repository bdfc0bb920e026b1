"""The check of operations: what passes is TensorFlow's own, and what must not pass is named."""

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


def test_python_functions_are_refused(tmp_path):
    folder = save(lambda x: tf.numpy_function(lambda y: y, [x], tf.float32), tmp_path)
    with pytest.raises(ValueError, match="does not|lacks: (Eager)?PyFunc"):
        check_servable(folder)


def test_compiled_functions_are_refused(tmp_path):
    compiled = tf.function(lambda x: x + 1, jit_compile=True)
    with pytest.raises(ValueError, match="carries _XlaMustCompile .*without jit_compile"):
        check_servable(save(lambda x: compiled(x), tmp_path))


def test_an_operation_nobody_knows_is_refused(tmp_path):
    file = save(lambda x: tf.sin(x), tmp_path) / "saved_model.pb"
    model = SavedModel.FromString(file.read_bytes())
    for function in model.meta_graphs[0].graph_def.library.function:
        for node in function.node_def:
            node.op = "WordpieceTokenize" if node.op == "Sin" else node.op
    file.write_bytes(model.SerializeToString())
    with pytest.raises(ValueError, match="Serving lacks: WordpieceTokenize. Express them"):
        check_servable(tmp_path)


def test_no_model_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="There is no SavedModel in"):
        core_ops(tmp_path)
