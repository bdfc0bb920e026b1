"""New items as raw bytes, to be encoded by a server: an export of the demo catalogue, and requests for it."""

from __future__ import annotations

import base64
import csv
import json
import time
from pathlib import Path
from typing import Any

AT_ONCE = 16  # items of a request
WIDTH = 64


def exported(folder: Path) -> Path:
    """The demo catalogue's model, untrained, as an export: words, a poster and a clip of each item."""
    from tfmmrec.data import load
    from tfmmrec.export import export
    from tfmmrec.models import build_recommender
    from tfmmrec.recipes.demo_catalogue import generate
    from tfmmrec.schema import Schema

    target = folder / "encoding" / "1"
    if not target.is_dir():
        source = generate(folder / "demo", items=64, users=40)
        schema = Schema.from_toml(source / "schema.toml")
        data = load(source, schema, prepared=folder / "demo-prepared")
        model = build_recommender(data.schema, data.vocabulary, width=WIDTH, seed=0)
        export(model, data.catalogue, target)
    return target.parent


def new_items(folder: Path) -> list[dict[str, Any]]:
    """What is known of each item that has a poster and a clip: inputs by name, media as bytes."""
    source = folder / "demo"
    with (source / "items.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["poster"] and row["clip"]]
    return [
        {
            "item_description": row["description"],
            "item_poster": [(source / row["poster"]).read_bytes()],
            "item_clip": (source / row["clip"]).read_bytes(),
        }
        for row in rows
    ]


def bodies(model: Path, items: list[dict[str, Any]]) -> list[bytes]:
    """Requests of `AT_ONCE` items each."""
    about = json.loads((model / "1" / "assets.extra" / "about.json").read_text("utf-8"))
    nothing: dict[str, Any] = {}
    for name, tensor in about["signatures"]["encode_item"]["inputs"].items():
        one = "" if tensor["dtype"] == "string" else float("nan")
        nothing[name] = one if len(tensor["shape"]) == 1 else [one] * (tensor["shape"][1] or 1)
    made = []
    for start in range(0, len(items) - AT_ONCE + 1, AT_ONCE):
        rows = [{**nothing, **_as_json(item)} for item in items[start : start + AT_ONCE]]
        made.append(json.dumps({"signature_name": "encode_item", "instances": rows}).encode())
    return made


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_json(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_json(one) for one in value]
    return {"b64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def bare(model: Path, items: list[dict[str, Any]], seconds: float) -> float:
    """Items a second of the export inside this process, `AT_ONCE` at a time."""
    from tfmmrec.serving import Served

    there = Served(model)
    batches = [
        {name: [one[name] for one in items[start : start + AT_ONCE]] for name in items[0]}
        for start in range(0, len(items) - AT_ONCE + 1, AT_ONCE)
    ]
    there.encode_item(**batches[0])
    count, begun = 0, time.perf_counter()
    while time.perf_counter() < begun + seconds:
        there.encode_item(**batches[count % len(batches)])
        count += 1
    return count * AT_ONCE / (time.perf_counter() - begun)
