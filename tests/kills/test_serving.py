"""`kill -9` of an update beside a server, and of a server that switches: only whole versions answer."""

import contextlib
import json
import re
import shutil
import subprocess
import sys
import threading
import time

import pytest
import urllib3

from kills.harness import Commands, Strike
from kills.world import contents
from serving.running import Running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


class Asking:
    """A client that asks the same again and again, in a thread, and keeps every answer it gets.

    Attributes:
        heard: status and the ids that were answered, in order; without what came twice in a row.
    """

    def __init__(self, port, question):
        self.heard, self._stop = [], threading.Event()
        self._url = f"http://127.0.0.1:{port}/v1/models/sm:predict"
        self._body = json.dumps({"signature_name": "similar_items", "instances": [question]})
        self._pool = urllib3.PoolManager(retries=False, timeout=60)
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(60)

    def _ask(self):
        while not self._stop.is_set():
            try:
                response = self._pool.request("POST", self._url, body=self._body)
            except urllib3.exceptions.HTTPError:  # of a server that was killed
                time.sleep(0.02)
                continue
            answer = json.loads(response.data)
            ids = [one["item_id"] for one in answer["predictions"]] if response.status == 200 else answer
            if not self.heard or self.heard[-1] != (response.status, ids):
                self.heard.append((response.status, ids))


def question(folder, item):
    """A row of every input of ``similar_items``, padding but for the item."""
    about = json.loads((folder / "assets.extra" / "about.json").read_text("utf-8"))
    row = {"item_id": item, "k": 5}
    for name, spec in about["signatures"]["similar_items"]["inputs"].items():
        one = "" if spec["dtype"] == "string" else float("nan")
        row.setdefault(name, one if len(spec["shape"]) == 1 else [one] * (spec["shape"][1] or 1))
    return row


def item_ids(version):
    kept = version / "assets.extra" / "kept" / "catalogue" / "catalogue.json"
    return json.loads(kept.read_text("utf-8"))["item_ids"]


@pytest.mark.parametrize("update", ["remove", "rebuild"])
def test_a_server_beside_updates_that_are_killed(whole, capsys, update):
    first, *_, gone = item_ids(whole.version)
    options = {"remove": [gone], "rebuild": ["--index", "ivf"]}[update]
    known = contents(whole.version)

    def fresh(name):
        folder = whole.base / name
        shutil.copytree(whole.version, folder / "sm" / "1")
        return folder, ["index", update, folder / "sm", *options]

    log = []
    with Commands() as commands:
        folder, command = fresh(f"{update}-whole")
        ended = commands.run(whole.base, folder, command)
        assert ended.code == 0, ended.said
        made, kinds = ended.writes[-1][0], [kind for _, kind in ended.writes]
        strikes = [
            Strike(kinds[0]),
            Strike(after=made * 0.5),
            Strike(next(kind for kind in kinds if "kept/model.keras" in kind)),
            Strike("rename sm/2"),  # all is written, and aside
            # the first clears what the one before left; at the second the version stands, with its leavings
            Strike(next(kind for kind in kinds if kind.startswith("rmtree")), count=2),
        ]
        folder, command = fresh(f"{update}-served")
        with (
            Running(folder / "sm", poll=0.05).lifetime() as running,
            Asking(running.port, question(whole.version, first)) as client,
        ):
            for strike in strikes:
                ended = commands.run(whole.base, folder, command, strike)
                visible = sorted(one.name for one in (folder / "sm").iterdir() if one.name.isdecimal())
                log.append({"strike": str(strike), "killed": ended.killed, "versions": visible})
                assert ended.killed, ended.said
                assert visible in (["1"], ["1", "2"])
                assert contents(folder / "sm" / "1") == known
                time.sleep(0.5)  # it has looked
                assert not refused(running)
            again = commands.run(whole.base, folder, command)  # all was done when the last one was killed
            assert again.code == 0 or (update == "remove" and "may be gone already" in again.said), again.said
            running.wait(lambda: "AVAILABLE" in str(running.get("/v1/models/sm/versions/2")))
            time.sleep(0.5)
            assert not refused(running)
    with capsys.disabled():
        print("", *log, sep="\n")
    assert [kill["versions"] for kill in log] == [["1"]] * 4 + [["1", "2"]]
    assert {status for status, _ in client.heard} == {200}
    answered = [ids for _, [ids] in client.heard]
    assert len(answered) <= 2, answered  # the old version's, then maybe the new one's, and never back
    assert all(len(ids) == 5 for ids in answered)
    if update == "remove":
        assert gone not in answered[-1]
        assert gone not in item_ids(folder / "sm" / "2")


def refused(running):
    found = running.get("/v1/models/sm")[1]["model_version_status"]
    return [one for one in found if one["status"]["error_code"] != "OK"]


@contextlib.contextmanager
def served(folder):
    """`tfmmrec serve` in a process of its own, once it answers: the process, its port, and what it says."""
    command = [sys.executable, "-m", "tfmmrec", "serve", str(folder), "--port", "0", "--poll", "0.05"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    said, port = [], []

    def listen():
        for line in process.stderr:
            said.append(line)
            port.extend(re.findall(r"http://127\.0\.0\.1:(\d+)", line))

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        wait_for(said, " answers.")
        yield process, int(port[0]), said
    finally:
        process.kill()
        process.wait(60)
        thread.join(60)


def wait_for(said, words):
    end = time.monotonic() + 300
    while not any(words in line for line in said):
        assert time.monotonic() < end, said
        time.sleep(0.01)


def test_a_server_that_is_killed_while_it_switches(whole, capsys):
    models, second = whole.base / "switch" / "sm", whole.base / "switch" / "second"
    shutil.copytree(whole.version, models / "1")
    shutil.copytree(whole.version, second)
    known, asked = contents(whole.version), question(whole.version, item_ids(whole.version)[0])
    log, expected = [], None
    took = None
    for share in (None, 0.05, 0.4, 0.7, 0.95):
        with served(models) as (process, port, said), Asking(port, asked) as client:
            while not client.heard:
                time.sleep(0.01)
            second.rename(models / "2")
            begun = time.monotonic()
            if took is None:  # how long a switch takes
                wait_for(said, "version 2 answers.")
                took = time.monotonic() - begun
            else:
                time.sleep(share * took)
            process.kill()  # SIGKILL
            process.wait(60)
        switched = any("version 2 answers." in line for line in said)
        log.append({"after": share and round(share * took, 2), "of": round(took, 2), "switched": switched})
        for number in ("1", "2"):  # it writes nothing
            assert contents(models / number) == known
        assert {status for status, _ in client.heard} == {200} and len(client.heard) == 1
        expected = expected or client.heard
        assert client.heard == expected
        (models / "2").rename(second)
    with capsys.disabled():
        print("", *log, sep="\n")
    assert [kill["switched"] for kill in log][0] and not log[1]["switched"]
    second.rename(models / "2")
    with served(models) as (_, port, said), Asking(port, asked) as client:
        wait_for(said, "version 2 answers.")
        while not client.heard:
            time.sleep(0.01)
    assert client.heard == expected
