"""Raw tables and media in, one trained multi-modal multi-task recommender, one served SavedModel out.

    from tfmmrec import Schema, build_recommender, evaluate, export, fit, load

    schema = Schema.from_toml("films/schema.toml")
    data = load("films", schema)
    model = build_recommender(schema, data.vocabulary)
    fit(model, data.train, data.validation)
    print(evaluate(model, data.test).metrics)
    export(model, data.catalogue, "savedmodels/films/1")

Nothing heavy is imported before it is used: Keras and TensorFlow come with the first name that needs them.
"""

from __future__ import annotations

import importlib
import sys
import types
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the same names for editors and type checkers
    from tfmmrec.data import back_translate as back_translate
    from tfmmrec.data import load as load
    from tfmmrec.data import open_shards as open_shards
    from tfmmrec.evaluation import Results as Results
    from tfmmrec.evaluation.evaluate import evaluate as evaluate
    from tfmmrec.export import KnownUsers as KnownUsers
    from tfmmrec.export.export import export as export
    from tfmmrec.labelling import pseudo_label as pseudo_label
    from tfmmrec.labelling.label_next import label_next as label_next
    from tfmmrec.modalities import Audio as Audio
    from tfmmrec.modalities import Category as Category
    from tfmmrec.modalities import History as History
    from tfmmrec.modalities import Image as Image
    from tfmmrec.modalities import Number as Number
    from tfmmrec.modalities import Tags as Tags
    from tfmmrec.modalities import Text as Text
    from tfmmrec.modalities import Timestamp as Timestamp
    from tfmmrec.modalities import Vector as Vector
    from tfmmrec.modalities import Video as Video
    from tfmmrec.models import Recommender as Recommender
    from tfmmrec.models import build_recommender as build_recommender
    from tfmmrec.schema import Schema as Schema
    from tfmmrec.serving import Client as Client
    from tfmmrec.serving import Served as Served
    from tfmmrec.tasks import Binary as Binary
    from tfmmrec.tasks import Match as Match
    from tfmmrec.tasks import Multiclass as Multiclass
    from tfmmrec.tasks import NextItem as NextItem
    from tfmmrec.tasks import Rating as Rating
    from tfmmrec.training import Run as Run
    from tfmmrec.training.fit import fit as fit
    from tfmmrec.training.pretrain import pretrain as pretrain
    from tfmmrec.training.transfer import transfer as transfer

_HOME = {
    "Audio": "tfmmrec.modalities",
    "Binary": "tfmmrec.tasks",
    "Category": "tfmmrec.modalities",
    "Client": "tfmmrec.serving",
    "History": "tfmmrec.modalities",
    "Image": "tfmmrec.modalities",
    "KnownUsers": "tfmmrec.export",
    "Match": "tfmmrec.tasks",
    "Multiclass": "tfmmrec.tasks",
    "NextItem": "tfmmrec.tasks",
    "Number": "tfmmrec.modalities",
    "Rating": "tfmmrec.tasks",
    "Recommender": "tfmmrec.models",
    "Results": "tfmmrec.evaluation",
    "Run": "tfmmrec.training",
    "Schema": "tfmmrec.schema",
    "Served": "tfmmrec.serving",
    "Tags": "tfmmrec.modalities",
    "Text": "tfmmrec.modalities",
    "Timestamp": "tfmmrec.modalities",
    "Vector": "tfmmrec.modalities",
    "Video": "tfmmrec.modalities",
    "back_translate": "tfmmrec.data",
    "build_recommender": "tfmmrec.models",
    "evaluate": "tfmmrec.evaluation",
    "export": "tfmmrec.export",
    "fit": "tfmmrec.training",
    "label_next": "tfmmrec.labelling",
    "load": "tfmmrec.data",
    "open_shards": "tfmmrec.data",
    "pretrain": "tfmmrec.training",
    "pseudo_label": "tfmmrec.labelling",
    "transfer": "tfmmrec.training",
}
"""Public name → the package it lives in."""

__all__ = ["__version__", *_HOME]  # noqa: PLE0604  names of `_HOME`, which are looked up when asked for


def __getattr__(name: str) -> Any:
    here = sys.modules[__name__]
    if name == "__version__":
        value: Any = _version()
    elif name in _HOME:
        home = importlib.import_module(_HOME[name])
        value = vars(here).get(name) or getattr(home, name)  # the import may have put a package here
    else:
        raise AttributeError(f"module 'tfmmrec' has no attribute {name!r}", name=name, obj=here)
    setattr(here, name, value)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _version() -> str:
    """The installed version; it is written in setup.cfg alone."""
    try:
        return version("tfmmrec")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "0+unknown"


class _CallablePackage(types.ModuleType):
    """A package that holds a function of its own name, and may be called in its place."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return getattr(self, self.__name__.rpartition(".")[2])(*args, **kwargs)


class _Package(types.ModuleType):
    """`tfmmrec.export` is a package, which Python puts here when it is imported, and a public function."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _HOME and isinstance(value, types.ModuleType):
            value.__class__ = _CallablePackage
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
