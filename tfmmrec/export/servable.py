"""Can an unmodified TensorFlow Serving run a SavedModel? Its operations against TensorFlow's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

_PYTHON = {"EagerPyFunc", "PyFunc", "PyFuncStateless"}
_COMPILED = "_XlaMustCompile"


def core_ops(path: str | Path) -> list[str]:
    """The operations of a SavedModel, sorted: those of its graphs and of every function in them.

    Args:
        path: the folder of ``saved_model.pb``.

    Raises:
        ValueError: there is no SavedModel.
    """
    operations: set[str] = set()
    for graph in _graphs(path):
        functions = {function.signature.name for function in graph.library.function}
        operations |= {node.op for node in _nodes(graph)} - functions
    return sorted(operations)


def check_servable(path: str | Path) -> None:
    """Checks that a SavedModel holds TensorFlow's own operations alone, and nothing compiled by XLA.

    Raises:
        ValueError: it holds an operation that TensorFlow does not bring itself, one that calls Python, or
            the attribute ``_XlaMustCompile``, which TensorFlow Serving cannot run on a CPU.
    """
    import tensorflow as tf

    # raw_ops is the list TensorFlow was built with; libraries loaded since then do not add to it
    custom = [name for name in core_ops(path) if not hasattr(tf.raw_ops, name) or name in _PYTHON]
    if custom:
        raise ValueError(
            f"The SavedModel in {str(path)!r} needs operations that an unmodified TensorFlow Serving lacks: "
            f"{', '.join(custom)}. Express them in TensorFlow's own operations."
        )
    for graph in _graphs(path):
        carriers = [node.name for node in _nodes(graph) if _COMPILED in node.attr]
        carriers += [one.signature.name for one in graph.library.function if _COMPILED in one.attr]
        if carriers:
            raise ValueError(
                f"The SavedModel in {str(path)!r} carries {_COMPILED} ({', '.join(carriers[:3])}), which "
                "TensorFlow Serving cannot run on a CPU. Export functions without jit_compile."
            )


def _graphs(path: str | Path) -> list[Any]:
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    file = Path(path) / "saved_model.pb"
    if not file.is_file():
        raise ValueError(f"There is no SavedModel in {str(path)!r}: it has no saved_model.pb.")
    return [meta.graph_def for meta in SavedModel.FromString(file.read_bytes()).meta_graphs]


def _nodes(graph: Any) -> Iterator[Any]:
    yield from graph.node
    for function in graph.library.function:
        yield from function.node_def
