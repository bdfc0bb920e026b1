"""How many recommendations `tfmmrec serve` answers, and how soon.

``python -m benchmarks.speed.serving`` takes half an hour; results: ``benchmarks/results/speed-serving.json``.
Needs TFMMREC_DATA: items are copies of those of a small model of MovieLens-1M (`vectors`), which have ids
alone, and its users met copies of what they had met: they ask for what lies where items lie. A server in a
process of its own answers ``recommend`` for known users, ten items each, to 1, 8 and 64 clients, that ask
again as soon as they are answered; they are coroutines of one process on the same two cores, and take their
share of them. Beside it stands the same export asked in a plain loop inside one process, one question at a
time, without HTTP: more than that can only come of answering several at once.

Of every run are written the requests per second, the percentiles of the time to an answer, and how many
failed. The run over a minute also says how much the server's memory has grown by its second half; in the run
with a switch a new version of the model appears in the middle. Where a request failed, the benchmark does.

``encode_item`` gets raw bytes: the descriptions, posters (JPEG) and clips (WAV) of the demo catalogue, 16
items a request, 8 clients.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.speed import encoding, vectors
from benchmarks.speed.results import RESULTS, commit, hardware

if TYPE_CHECKING:
    from tfmmrec.data import Data
    from tfmmrec.models import Recommender

Small = Callable[[], "tuple[Recommender, Data]"]

ITEMS = (100_000, 1_000_000)
CLIENTS = (1, 8, 64)
INDICES = ("exact", "ivf")
COVERED = 1000  # items of a user who is there for every item to be met, and is not asked about
SECONDS, MINUTE = 10.0, 60.0
K = 10


def exported(items: int, index: str, folder: Path, few: Small) -> Path:
    """An export of so many items, copies of those of a small model, and of its users, who met copies."""
    from tfmmrec.data import load
    from tfmmrec.export import KnownUsers
    from tfmmrec.export.export import export
    from tfmmrec.models import build_recommender

    target = folder / f"items-{items}-{index}" / "1"
    if target.is_dir():
        return target.parent
    small, data = few()
    table, *others = small.item_tower.get_weights()
    made, original = vectors.copies(table[1:], items)  # the first row is of no id
    source = folder / f"data-{items}"
    source.mkdir(parents=True, exist_ok=True)
    with (source / "events.csv").open("w", encoding="utf-8") as file:
        file.write("user_id,item_id,split\n")
        file.writelines(f"{user},i{item},train\n" for user, item in met(data, original))
    many = load(source, data.schema, "column:split", prepared=folder / f"prepared-{items}")
    model = build_recommender(data.schema, many.vocabulary, width=small.width, seed=0)
    model.user_tower.set_weights(small.user_tower.get_weights())
    numbers = [int(name[1:]) for name in many.vocabulary.features["item"]["item_id"]["terms"]]
    model.item_tower.set_weights([np.concatenate([table[:1], made[numbers]]), *others])
    return export(model, many.catalogue, target, KnownUsers.of(many), index).parent


def met(data: Data, original: np.ndarray) -> Iterator[tuple[str, int]]:
    """Users and copies of the items they met last, at random; then every copy once, by others.

    Args:
        data: in which users met the originals.
        original: int ``[N]``, of which item each is a copy; there is one of each of the first few.
    """
    generator, events = np.random.default_rng(0), data.events
    by_original = np.argsort(original, kind="stable")
    first = np.searchsorted(original[by_original], np.arange(original.max() + 2))
    for user, (start, end) in enumerate(itertools.pairwise(events.start)):
        rows = events.item[max(start, end - data.schema.history.length) : end]
        for row in rows[rows <= original.max()]:
            yield f"u{user}", int(by_original[generator.integers(first[row], first[row + 1])])
    for item in range(len(original)):
        yield f"u{len(events.start) - 1 + item // COVERED}", item


@contextmanager
def served(folder: Path) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """`tfmmrec serve` in a process of its own: its port and the process, ready to answer."""
    command = [sys.executable, "-m", "tfmmrec", "serve", str(folder), "--port", "0", "--poll", "0.2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        port = 0
        for line in process.stderr:
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                port = int(found[1])
            if " answers." in line:
                break
        yield port, process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def bodies(folder: Path) -> list[bytes]:
    """Requests of known users, a thousand at most."""
    about = json.loads((folder / "1" / "assets.extra" / "about.json").read_text("utf-8"))
    columns: dict[str, Any] = {}
    for name, tensor in about["signatures"]["recommend"]["inputs"].items():
        one: Any = {"string": "", "bool": False, "int32": K}.get(tensor["dtype"], float("nan"))
        width = (tensor["shape"][1] or 1) if len(tensor["shape"]) == 2 else 0
        columns[name] = [[one] * width if width else one]
    made = []
    for user in range(min(1000, about["users"])):
        inputs = {**columns, "user_id": [f"u{user}"], "exclude_seen": [True]}
        made.append(json.dumps({"signature_name": "recommend", "inputs": inputs}).encode())
    return made


async def asked(port: int, model: str, requests: list[bytes], clients: int, seconds: float) -> dict[str, Any]:
    """Clients that ask again and again for so long, each once at least; it counts once all are connected."""
    times: list[float] = []
    failed = 0
    connected = [await asyncio.open_connection("127.0.0.1", port) for _ in range(clients)]
    started = time.perf_counter()

    async def client(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal failed
        place = number
        while place == number or time.perf_counter() < started + seconds:
            body = requests[place % len(requests)]
            place += clients
            head = (
                f"POST /v1/models/{model}:predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            begun = time.perf_counter()
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            size = re.search(rb"content-length: (\d+)", answer.lower())
            assert size is not None
            await reader.readexactly(int(size[1]))
            times.append(time.perf_counter() - begun)
            failed += not answer.startswith(b"HTTP/1.1 200")
        writer.close()

    await asyncio.gather(*(client(number, *streams) for number, streams in enumerate(connected)))
    took = time.perf_counter() - started
    p50, p95, p99 = np.percentile(np.array(times) * 1000, (50, 95, 99))
    return {
        "requests/s": round(len(times) / took, 1),
        "p50 ms": round(p50, 2),
        "p95 ms": round(p95, 2),
        "p99 ms": round(p99, 2),
        "failed": failed,
    }


def resident(process: subprocess.Popen[str]) -> float:
    """MiB of memory that the process holds."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text("utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def loop(which: str, model: Path, seconds: float) -> float:
    """What one of the plain loops over an export answers a second, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.speed.serving", which, str(model), "--seconds", str(seconds)]
    return float(subprocess.check_output(command, text=True).splitlines()[-1])


def bare(folder: Path, seconds: float) -> float:
    """Questions per second of the export inside this process, one at a time."""
    from tfmmrec.serving import Served

    there = Served(folder)
    users = min(1000, there.about["users"])
    for user in range(20):
        there.recommend(user_id=f"u{user % users}", k=K)
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        there.recommend(user_id=f"u{count % users}", k=K)
        count += 1
    return count / seconds


def measure(
    folder: Path,
    sizes: Sequence[int],
    seconds: float,
    minute: float,
    indices: Sequence[str] = INDICES,
    few: Small = vectors.small,
) -> Iterator[dict[str, Any]]:
    """One record for each catalogue, index and number of clients; the smallest has the longer runs, too."""
    for items in sizes:
        for index in indices:
            there = exported(items, index, folder, few)
            about = json.loads((there / "1" / "assets.extra" / "about.json").read_text("utf-8"))
            about = {
                name: value for name, value in about["index_measured"].items() if name.startswith("recall")
            }
            alone = loop("--bare", there, seconds)
            requests = bodies(there)
            with served(there) as (port, process):
                asyncio.run(asked(port, there.name, requests, 8, 2))  # warm
                for clients in CLIENTS:
                    found = asyncio.run(asked(port, there.name, requests, clients, seconds))
                    yield record(
                        f"recommend, {items:,} items, {index}, {clients} clients", found, alone, about
                    )
                if items == min(sizes) and index == "ivf":
                    half = asyncio.run(asked(port, there.name, requests, 8, minute / 2))
                    before = resident(process)
                    found = asyncio.run(asked(port, there.name, requests, 8, minute / 2))
                    found["failed"] += half["failed"]
                    found["memory grown MiB"] = round(resident(process) - before, 1)
                    yield record(
                        f"recommend, {items:,} items, {index}, {minute:g} seconds", found, alone, about
                    )
                    found = asyncio.run(with_switch(port, there, requests, seconds))
                    yield record(
                        f"recommend, {items:,} items, {index}, a version appears", found, alone, about
                    )


def measure_encoding(folder: Path, seconds: float) -> Iterator[dict[str, Any]]:
    """One record: items that are encoded from their bytes."""
    there = encoding.exported(folder)
    alone = loop("--bare-items", there, seconds)
    requests = encoding.bodies(there, encoding.new_items(folder))
    with served(there) as (port, _):
        asyncio.run(asked(port, there.name, requests, 8, 2))  # warm
        found = asyncio.run(asked(port, there.name, requests, 8, seconds))
    found["requests/s"] = round(found["requests/s"] * encoding.AT_ONCE, 1)
    yield record("encode_item, text, picture and sound as bytes, 8 clients", found, alone, {}, "items/s")


async def with_switch(port: int, model: Path, requests: list[bytes], seconds: float) -> dict[str, Any]:
    """As `asked` by eight clients, while a second version appears."""
    asking = asyncio.create_task(asked(port, model.name, requests, 8, seconds))
    with tempfile.TemporaryDirectory(dir=model.parent) as aside:
        await asyncio.to_thread(shutil.copytree, model / "1", Path(aside) / "2")
        os.rename(Path(aside) / "2", model / "2")
    try:
        return await asking
    finally:
        shutil.rmtree(model / "2")


def record(
    name: str, found: dict[str, Any], alone: float, recall: dict[str, float], unit: str = "requests/s"
) -> dict[str, Any]:
    """As it stands in the results: ours are requests per second over HTTP, the peer's the bare loop's.

    Raises:
        SystemExit: a request failed.
    """
    if found["failed"]:
        raise SystemExit(f"{name}: {found['failed']} requests failed.")
    one = {
        "name": name,
        "ours": found["requests/s"],
        "peer": round(alone, 1),
        "peer_name": "the export in a loop, one at a time, without HTTP",
        "ratio": round(found["requests/s"] / alone, 3),
        "unit": unit,
        **{key: value for key, value in found.items() if key != "requests/s"},
        **recall,
        "command": "python -m benchmarks.speed.serving",
        "hardware": hardware(),
        "git_commit": commit(),
    }
    print(json.dumps(one), flush=True)
    return one


def merged(path: Path, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records of a file with these in place of those of the same names, and new ones after them."""
    there = json.loads(path.read_text("utf-8")) if path.is_file() else []
    return list({one["name"]: one for one in [*there, *records]}.values())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.serving", description=__doc__)
    parser.add_argument("--bare", type=Path, help="only the plain loop over an export")
    parser.add_argument("--bare-items", type=Path, help="only the plain loop that encodes new items")
    parser.add_argument("--items", type=int, nargs="+", default=ITEMS)
    parser.add_argument("--index", choices=INDICES, action="append", help="what is not measured stays")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--minute", type=float, default=MINUTE)
    arguments = parser.parse_args()
    if arguments.bare:
        print(bare(arguments.bare, arguments.seconds))
    elif arguments.bare_items:
        model = arguments.bare_items
        print(encoding.bare(model, encoding.new_items(model.parent), arguments.seconds))
    else:
        kept = Path("runs") / "benchmarks" / "serving"
        spans = arguments.seconds, arguments.minute
        records = list(measure(kept, arguments.items, *spans, arguments.index or INDICES))
        if not arguments.index:
            records += measure_encoding(kept, arguments.seconds)
        path = RESULTS / "speed-serving.json"
        path.write_text(json.dumps(merged(path, records), indent=1, ensure_ascii=False) + "\n", "utf-8")
