"""The server over HTTP: what TensorFlow Serving would answer, versions that come and go, and bad requests."""

import base64
import gc
import math
import os
import shutil
import socket
import threading
import weakref
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from export import world
from export.world import ITEMS, call, png, text, wav
from serving.running import Running
from tfmmrec.serving import Client, Served
from tfmmrec.serving.server import Server

PREDICT = "/v1/models/shop:predict"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two models, one of them in two versions."""
    root = tmp_path_factory.mktemp("savedmodels")
    shutil.copytree(world.shop_export(), root / "shop" / "3")
    shutil.copytree(world.circle_export(), root / "circle" / "1")
    return root


@pytest.fixture(scope="module")
def shop(folder):
    with Running(folder, body=1 << 20, seconds=20, k=50).lifetime() as running:
        yield running


def b64(contents):
    return {"b64": base64.b64encode(contents).decode()}


def test_answers_are_the_exports_own(shop):
    rows = [shop.question("shop", "recommend", user_id=user, k=4) for user in ("ann", "dan")]
    answers = shop.predict("shop", "recommend", rows)
    raw = call(world.shop_export(), "recommend", user_id=["ann", "dan"], k=[4, 4])
    assert [answer["item_id"] for answer in answers] == text(raw["item_id"])
    np.testing.assert_allclose([answer["score"] for answer in answers], raw["score"], atol=1e-5)
    assert shop.predict("shop", "recommend", rows, "/versions/3") == answers
    (vector,) = shop.predict("shop", "encode_item", [shop.question("shop", "encode_item", item_id="x")])
    np.testing.assert_allclose(
        vector, call(world.shop_export(), "encode_item", item_id=["x"])["vector"][0], atol=1e-5
    )


def test_a_client_is_answered_as_this_process_is(shop):
    here, there = Served(world.shop_export()), Client(f"http://127.0.0.1:{shop.port}", "shop")
    new = {"item_title": "a new one", "item_poster": [png(5)], "item_sound": wav(5), "item_price": 3.5}
    questions = [
        ("recommend", {"user_id": ["ann", "dan"], "k": [2, 3], "exclude": [["x"], []]}),
        ("recommend", {"history": ["x", "é"], "k": 3, "user_age": 30.0}),
        ("recommend", {"user_id": "ann", "allow": ["y", "z", "x"], "diversity": 0.5, "weight_like": 1.0}),
        ("recommend", {"history": ["x"], "k": 9, "filter_released": [1.02e9, None]}),
        ("rank", {"user_id": "ann", "candidate": ["y", "nothing", "z"], **new}),
        ("similar_items", {"item_id": ["x", "🎬"], "k": 4}),
        ("similar_items", {**new, "k": 2}),
        ("search", {"query_title": "a red one", "k": 4}),
        ("search", {"query_title": ["blue", None], "query_poster": [[], [png(5)]], "k": 9, "exclude": ["x"]}),
        ("search", {"query_sound": wav(3), "allow": ["y", "z", "x"], "filter_kind": ["film"]}),
        ("similar_users", {"user_id": ["ann", "dan"], "k": [3, 1]}),
        ("similar_users", {"history": ["x", "é"], "user_age": 30.0}),
        ("encode_user", {"user_id": "😀"}),
        ("encode_item", new),
    ]
    for name, asked in questions:
        answers = [getattr(asked_at, name)(**asked) for asked_at in (here, there)]
        flat = [one if isinstance(one, list) else [one] for one in answers]
        for ours, served in zip(*flat, strict=True):
            assert ours.keys() == served.keys()
            for key, value in ours.items():
                if np.asarray(value).dtype.kind == "f":
                    np.testing.assert_allclose(served[key], value, atol=1e-5)
                else:
                    assert served[key] == value
    for ask in (there.recommend, there.similar_users):
        with pytest.raises(ValueError, match="'nobody' is not known"):
            ask(user_id="nobody")
    circle = Client(f"http://127.0.0.1:{shop.port}", "circle")
    with pytest.raises(ValueError, match="does not answer 'search'. Its model has no alignment.*contrastive"):
        circle.search(query_title="red")
    with pytest.raises(ValueError, match="does not answer 'similar_users'. It knows no users: export with u"):
        circle.similar_users("ann")


def test_media_are_base64(shop):
    row = shop.question("shop", "encode_item", item_poster=[b64(png(1))], item_sound=b64(wav(1)))
    columns = {name: [value] for name, value in row.items()}
    status, answer = shop.post(PREDICT, {"signature_name": "encode_item", "inputs": columns})
    assert status == 200 and np.isfinite(answer["outputs"]).all()


def test_status_and_metadata(shop):
    there = {"version": "3", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    assert shop.get("/v1/models/shop") == (200, {"model_version_status": [there]})
    assert shop.get("/v1/models/shop/versions/3") == (200, {"model_version_status": [there]})
    status, found = shop.get("/v1/models/shop/metadata")
    assert status == 200 and found["model_spec"] == {"name": "shop", "signature_name": "", "version": "3"}
    signature = found["metadata"]["signature_def"]["signature_def"]["recommend"]
    assert signature["inputs"]["user_id"]["dtype"] == "DT_STRING"
    assert [one["size"] for one in signature["inputs"]["history"]["tensor_shape"]["dim"]] == ["-1", "-1"]
    assert signature["method_name"] == "tensorflow/serving/predict"
    assert shop.get("/healthz") == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/v1/models/shpo", "no model 'shpo'; served are: circle, shop.*'shop'"),
        ("/v1/models/shop/versions/7", "no version 7"),
        ("/v1/models/shop/versions/7/metadata", "version 3 is"),
        (f"/v1/models/shop/versions/{'9' * 300}", "no version 9"),
        (f"/v1/models/shop/versions/{'9' * 5000}", "Not Found: expected a path such as"),
        (f"/v1/models/shop/versions/{'9' * 5000}/metadata", "Not Found: expected a path such as"),
        ("/v2/models", "Not Found"),
    ],
)
def test_what_is_not_there(shop, path, message):
    status, answer = shop.get(path)
    assert status == 404
    with pytest.raises(ValueError, match=message):
        raise ValueError(answer["error"])


@pytest.mark.parametrize(
    ("signature", "given", "message"),
    [
        ("recommend", {"k": 0}, "from 1 to 50; got 0"),
        ("recommend", {"k": -1}, "from 1 to 50; got -1"),
        ("recommend", {"k": 10**9}, "k is 1,000,000,000, and may be at most 262,144"),
        ("recommend", {"user_id": "nobody"}, "'nobody' is not known.*history"),
        ("similar_items", {"item_id": "nothing"}, "'nothing' is not in the catalogue"),
        ("similar_users", {"user_id": "nobody"}, "'nobody' is not known.*history"),
        ("search", {}, "What is looked for. Give query_poster or query_sound or query_taste or query_title"),
        ("search", {"query_title": "red", "k": 51}, "from 1 to 50; got 51"),
        ("search", {"query_poster": [b64(b"no picture")]}, "query_poster: not a readable picture"),
        ("search", {"query_sound": b64(wav(1)[:100])}, "query_sound: "),
        ("encode_item", {"item_poster": [b64(b"no picture")]}, "item_poster: not a readable picture"),
        ("encode_item", {"item_poster": [b64(png(1)[:80])]}, "item_poster: not a readable picture"),
        ("encode_item", {"item_sound": b64(wav(1)[:100])}, "item_sound: "),
        (
            "encode_item",
            {"item_sound": b64(wav(1, rate=500))},
            "item_sound: WAV file of 500 samples per second",
        ),
        ("encode_item", {"item_taste": [0.5] * 6}, "taste takes rows of 3 finite numbers, or of NaN alone"),
        ("search", {"query_taste": [0.5, math.nan, 0.5]}, "taste takes rows of 3 finite numbers"),
        ("encode_item", {"item_poster": [b64(png(1)[:-20])]}, "bytes of a whole file"),
    ],
)
def test_a_question_that_cannot_be_answered(shop, signature, given, message):
    row = shop.question("shop", signature, **given)
    status, answer = shop.post(PREDICT, {"signature_name": signature, "instances": [row]})
    assert status == 400
    with pytest.raises(ValueError, match=message):
        raise ValueError(answer["error"])


def bomb(side=30_000):
    """A small PNG that unpacks to 900 million pixels."""

    def chunk(name, contents):
        checked = name + contents
        return len(contents).to_bytes(4, "big") + checked + zlib.crc32(checked).to_bytes(4, "big")

    header = side.to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    row = zlib.compress(bytes(1 + side // 8) * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", row) + chunk(b"IEND", b"")


def test_a_picture_that_unpacks_to_too_much(shop):
    row = shop.question("shop", "encode_item", item_poster=[b64(bomb())])
    status, answer = shop.post(PREDICT, {"signature_name": "encode_item", "instances": [row]})
    assert status == 400 and "900000000 pixels" in answer["error"]


def test_a_body_that_is_too_large(shop):
    status, answer = shop.post(PREDICT, b" " * ((1 << 20) + 1))
    assert status == 413 and answer == {"error": "A request may have at most 1,048,576 bytes."}
    chunks = iter([b" " * (1 << 19)] * 4)  # of an unannounced size
    response = shop._pool.request("POST", f"http://127.0.0.1:{shop.port}{PREDICT}", body=chunks, chunked=True)
    assert response.status == 413


def test_a_body_that_never_comes(folder):
    with (
        Running(folder / "circle", seconds=0.5).lifetime() as running,
        socket.create_connection(("127.0.0.1", running.port)) as slow,
    ):
        slow.sendall(b"POST /v1/models/circle:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        assert b" 408 " in slow.recv(1000).splitlines()[0]


def test_bad_requests_do_not_disturb_good_ones(shop):
    good = {"signature_name": "encode_item"}
    good["instances"] = [shop.question("shop", "encode_item", item_poster=[b64(png(2))])]
    bad = {**good, "instances": [shop.question("shop", "encode_item", item_poster=[b64(png(2)[:80])])]}
    expected = shop.post(PREDICT, good)
    assert expected[0] == 200
    found = []

    def ask(body, times):
        found.extend((body is good, shop.post(PREDICT, body)) for _ in range(times))

    threads = [threading.Thread(target=ask, args=(body, 10)) for body in (good, bad, b"{", good, bad, b"\0")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 60
    for is_good, (status, answer) in found:
        assert status == (200 if is_good else 400)
        if is_good:
            np.testing.assert_allclose(answer["predictions"], expected[1]["predictions"], atol=1e-5)


VALUES = some.recursive(
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats()
    | some.text(max_size=5)
    | some.just(b64(b"\0")),
    lambda inner: some.lists(inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.data())
def test_whatever_is_asked_is_answered_or_told(shop, data):
    signature = data.draw(some.sampled_from(sorted(world.loaded(world.shop_export()).signatures)))
    row = shop.question("shop", signature)
    for name in data.draw(some.lists(some.sampled_from(sorted(row)), max_size=3, unique=True)):
        row[name] = data.draw(VALUES)
    status, answer = shop.post(PREDICT, {"signature_name": signature, "instances": [row]})
    assert status in (200, 400)
    assert status == 200 or len(answer["error"]) > 20
    (calm,) = shop.predict("shop", "encode_item", [shop.question("shop", "encode_item", item_id="x")])
    assert np.isfinite(calm).all()


def test_what_happened_is_counted(shop):
    shop.predict("shop", "encode_item", [shop.question("shop", "encode_item", item_id="x")])
    shop.post("/v1/models/no-such-model:predict", b"{}")
    status, said = shop.get("/monitoring/prometheus/metrics")
    assert status == 200
    assert 'tfmmrec_requests_total{model="shop",signature="encode_item",status="200"}' in said
    assert 'tfmmrec_requests_total{model="",signature="",status="404"}' in said
    assert 'tfmmrec_model_version{model="shop"} 3.0' in said
    assert "no-such-model" not in said


def test_what_is_loaded_is_not_searched_for_garbage_until_it_has_ended(folder, tmp_path):
    shutil.copytree(folder / "circle" / "1", tmp_path / "circle" / "1")
    with Running(tmp_path, poll=0.1).lifetime() as running:
        before = gc.get_freeze_count()
        assert before > 10_000
        graph = weakref.ref(running.server.models.find("circle").version._served._model)
        shutil.copytree(tmp_path / "circle" / "1", tmp_path / "aside")
        (tmp_path / "aside").rename(tmp_path / "circle" / "2")
        running.wait(lambda: running.server.models.find("circle").version.number == 2)
        # while the search goes on, the graph is gone already and nothing is set aside yet
        running.wait(lambda: graph() is None and gc.get_freeze_count() > 10_000)
        assert gc.get_freeze_count() < 1.5 * before
    assert gc.get_freeze_count() == 0


def test_a_new_version_takes_over_without_a_failed_request(folder, tmp_path):
    shutil.copytree(folder / "circle", tmp_path / "circle")
    with Running(tmp_path).lifetime() as running:
        row = running.question("circle", "encode_item", item_id=ITEMS[0])
        found, stop = [], threading.Event()

        def ask():
            body = {"signature_name": "encode_item", "instances": [row]}
            while not stop.is_set():
                found.append(running.post("/v1/models/circle:predict", body)[0])

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        broken = tmp_path / "circle" / "2"
        shutil.copytree(tmp_path / "circle" / "1", broken)
        (broken / "variables" / "variables.index").write_bytes(b"broken")
        running.wait(lambda: states(running, "circle").get("2") == "END")
        assert states(running, "circle") == {"1": "AVAILABLE", "2": "END"}
        aside = tmp_path / "aside"
        shutil.copytree(tmp_path / "circle" / "1", aside)
        os.rename(aside, tmp_path / "circle" / "5")
        running.wait(lambda: states(running, "circle").get("5") == "AVAILABLE")
        seen = len(found)
        running.wait(lambda: len(found) > seen + 20)
        stop.set()
        for thread in threads:
            thread.join()
        assert set(found) == {200}
        # mended, it would answer, were there not a newer one; without the newer one it does
        shutil.rmtree(broken)
        shutil.copytree(tmp_path / "circle" / "1", broken)
        shutil.rmtree(tmp_path / "circle" / "5")
        running.wait(lambda: states(running, "circle").get("2") == "AVAILABLE")


def states(running, model):
    found = running.get(f"/v1/models/{model}")[1]["model_version_status"]
    return {one["version"]: one["state"] for one in found}


def test_nothing_to_serve(tmp_path):
    with pytest.raises(ValueError, match="no export in .*`tfmmrec export` makes one"):
        Server(tmp_path)
    with pytest.raises(ValueError, match="no export in"):
        Server(tmp_path / "nowhere")


def test_numbers_that_are_not_are_padding(shop):
    row = shop.question("shop", "encode_user", user_id="ann", user_age=math.nan)
    (with_nan,) = shop.predict("shop", "encode_user", [row])
    (without,) = shop.predict("shop", "encode_user", [shop.question("shop", "encode_user", user_id="ann")])
    assert with_nan == without
