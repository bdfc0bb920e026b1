"""Whatever comes over HTTP is answered, or told what was expected; and good requests never suffer from it."""

import base64
import concurrent.futures
import copy
import io
import json
import random
import re
import shutil
import socket

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from PIL import Image

from export import world
from export.world import ITEMS, png, wav
from serving.running import Running
from tfmmrec.serving import Served

PREDICT = "/v1/models/shop:predict"
SIGNATURES = ["recommend", "rank", "similar_items", "encode_user", "encode_item"]
FUZZ = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """One thread, so that whatever comes meanwhile waits and is one batch."""
    root = tmp_path_factory.mktemp("savedmodels")
    shutil.copytree(world.shop_export(), root / "shop" / "3")
    limits = {"body": 1 << 20, "k": 50, "threads": 1, "questions": 100, "cells": 2000}
    with Running(root, **limits).lifetime() as running:
        yield running


@pytest.fixture(scope="module")
def here():
    """The same export in this process."""
    return Served(world.shop_export())


def b64(contents):
    return {"b64": base64.b64encode(contents).decode()}


def asked(shop, signature, **given):
    return {"signature_name": signature, "instances": [shop.question("shop", signature, **given)]}


def check_told(status, answer, statuses=(400,)):
    """A client's error, in a sentence."""
    assert status in statuses, (status, answer)
    assert set(answer) == {"error"} and 20 < len(answer["error"]) < 1000, answer
    assert re.search(r"[a-z] [a-z]", answer["error"]) and "Traceback" not in answer["error"]


def deep(levels):
    return b"[" * levels + b"]" * levels


BODIES = {
    "nothing": b"",
    "half": b'{"signature_name": "recommend", "instances": [',
    "no JSON": b"k=10&user_id=ann",
    "no text": b"\xff\xfe\x00\xd8",
    "another coding": '{"inputs": "é"}'.encode("latin-1"),
    "a byte-order mark": b"\xef\xbb\xbf{}",
    "a list": b"[]",
    "a number": b"1e999",
    "NaN": b"NaN",
    "nothing asked": b"{}",
    "two forms": b'{"signature_name": "recommend", "instances": [], "inputs": {}}',
    "no such signature": b'{"signature_name": "recomend", "instances": [{}]}',
    "a signature that is no name": b'{"signature_name": {"a": [1]}, "instances": [{}]}',
    "a long name": b'{"signature_name": "' + b"x" * 100_000 + b'", "instances": [{}]}',
    "a long input": b'{"signature_name": "recommend", "instances": [{"' + b"x" * 100_000 + b'": 1}]}',
    "no questions": b'{"signature_name": "recommend", "instances": []}',
    "no objects": b'{"signature_name": "recommend", "instances": [1, "a", null]}',
    "inputs in a list": b'{"signature_name": "recommend", "inputs": [1]}',
    "what nobody takes": b'{"signature_name": "recommend", "instances": [{"userid": "ann"}], "more": 1}',
    "many digits": b'{"signature_name": "recommend", "instances": ' + b"9" * 4000 + b"}",
    "too many digits": b'{"signature_name": "recommend", "instances": ' + b"9" * 5000 + b"}",
    "deep": deep(100_000),
    **{
        f"{levels} levels deep": b'{"signature_name": "recommend", "instances": ' + deep(levels) + b"}"
        for levels in range(850, 1010, 10)  # somewhere what can just be read cannot be shown
    },
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_that_is_no_request(shop, body):
    check_told(*shop.post(PREDICT, body))


WRONG = [
    ("recommend", {"k": value}, "k")
    for value in (0, -1, 10**9, 2**31, 10**400, 1.5, "10", None, True, [3], float("inf"), float("nan"))
] + [
    ("recommend", {"user_id": "nobody"}, "'nobody' is not known"),
    ("recommend", {"user_id": 7}, "user_id takes strings"),
    ("recommend", {"user_id": ["ann"]}, "user_id must be a value"),
    ("recommend", {"user_id": {"b64": "a"}}, "not valid base64"),
    ("recommend", {"user_id": {"b64": "ä"}}, "not valid base64"),
    ("recommend", {"user_id": {"b64": 1}}, "user_id takes strings"),
    ("recommend", {"user_id": b64(b"\xff\x00")}, "is not known"),
    ("recommend", {"history": "x"}, "history must be a list"),
    ("recommend", {"history": [["x"]]}, "history must be a list|history takes strings"),
    ("recommend", {"exclude_seen": 1}, "takes true or false"),
    ("recommend", {"user_age": float("inf")}, "user_age takes finite numbers"),
    ("recommend", {"user_age": 10**400}, "user_age takes finite numbers"),
    ("recommend", {"filter_released": [1.0]}, "filter_released must be of shape"),
    ("recommend", {"exclude": ["x"] * 2001}, "exclude has lists of 2,001, and may be at most 2,000"),
    ("rank", {"candidate": [""] * 2001}, "candidate has lists of 2,001"),
    ("similar_items", {"item_id": "nothing"}, "not in the catalogue"),
    ("encode_item", {"item_poster": [b64(b"GIF89a")]}, "not a readable picture"),
    ("encode_item", {"item_sound": b64(b"RIFF\xff\xff\xff\xffWAVEfmt ")}, "item_sound: "),
    ("encode_item", {"item_price": "cheap"}, "item_price takes numbers"),
]


@pytest.mark.parametrize(("signature", "given", "message"), WRONG)
def test_a_value_that_is_wrong(shop, signature, given, message):
    body = asked(shop, signature)
    body["instances"][0].update(given)
    status, answer = shop.post(PREDICT, json.dumps(body).encode())
    check_told(status, answer)
    assert re.search(message, answer["error"]), answer


def test_too_many_questions(shop):
    body = asked(shop, "encode_user")
    body["instances"] *= 101
    status, answer = shop.post(PREDICT, body)
    check_told(status, answer)
    assert "at most 100 questions, got 101: ask in several requests" in answer["error"]
    body = asked(shop, "recommend", k=50)
    body["instances"] *= 41
    status, answer = shop.post(PREDICT, body)
    assert status == 400 and "k is 50, and may be at most 48 where there are 41 questions" in answer["error"]


@pytest.mark.parametrize(
    ("method", "path", "statuses", "message"),
    [
        ("GET", PREDICT, (405,), "GET is not answered here; use POST"),
        ("PUT", PREDICT, (405,), "use POST"),
        ("DELETE", "/v1/models/shop", (405,), "use "),
        ("POST", "/v1/models/shop/versions/three:predict", (404,), "expected a path such as GET"),
        ("POST", "/v1/models/shop/versions/-1:predict", (404,), "expected a path such as GET"),
        ("POST", f"/v1/models/shop/versions/{'9' * 300}:predict", (404,), "version 3 is"),
        ("POST", "/v1/models/shpo:predict", (404,), "Did you mean 'shop'"),
        ("POST", "/v1/models/shop:classify", (405,), "POST is not answered here"),
        ("POST", "/v1/models/%00:predict", (404,), "no model"),
        ("GET", "/v1/models/..%2f..%2fetc/metadata", (404,), "expected|no model"),
    ],
)
def test_another_method_or_place(shop, method, path, statuses, message):
    response = shop._pool.request(method, f"http://127.0.0.1:{shop.port}{path}", body=b"{}")
    answer = json.loads(response.data)
    check_told(response.status, answer, statuses)
    assert re.search(message, answer["error"]), answer


def test_other_kinds_of_content(shop):
    url = f"http://127.0.0.1:{shop.port}{PREDICT}"
    body = json.dumps(asked(shop, "encode_user", user_id="ann")).encode()
    for kind in ("text/plain", "application/json", "", "application/octet-stream", "\x80"):
        response = shop._pool.request("POST", url, body=body, headers={"Content-Type": kind})
        assert response.status == 200  # TensorFlow Serving does not look at it either
    response = shop._pool.request("POST", url, body=body, headers={"Content-Encoding": "gzip"})
    check_told(response.status, json.loads(response.data), (415,))


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"GET\r\n\r\n",
        b"POST " + PREDICT.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST " + PREDICT.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: nine\r\n\r\n",
        b"POST " + PREDICT.encode() + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST " + PREDICT.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",  # and gone
    ],
)
def test_what_is_hardly_http(shop, said):
    with socket.create_connection(("127.0.0.1", shop.port), timeout=20) as connection:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        heard = connection.recv(1000)
    assert not heard or re.match(rb"HTTP/1.1 4\d\d ", heard), heard
    assert shop.get("/healthz")[0] == 200


def animation(side=400, frames=400):
    """A small GIF that unpacks to 64 million pixels."""
    first, *others = (Image.new("L", (side, side), shade % 2) for shade in range(frames))
    packed = io.BytesIO()
    first.save(packed, "GIF", save_all=True, append_images=others, duration=10)
    return packed.getvalue()


def test_an_animation_that_unpacks_to_too_much(shop):
    status, answer = shop.post(PREDICT, asked(shop, "encode_item", item_poster=[b64(animation())]))
    assert status == 400 and "400 frames of 400×400 pixels is too large" in answer["error"]


VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=5),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)


@FUZZ
@given(some.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_body(shop, body):
    check_told(*shop.post(PREDICT, body))


@FUZZ
@given(some.data())
def test_a_request_of_which_a_part_was_changed(shop, data):
    body = asked(shop, data.draw(some.sampled_from(SIGNATURES)))
    if data.draw(some.booleans()):
        (row,) = body.pop("instances")
        body["inputs"] = {name: [value] for name, value in row.items()}
    places = [(body, name) for name in body] + [(body, "extra")]
    inside = body.get("inputs", (body.get("instances") or [{}])[0])
    places += [(inside, name) for name in inside] + [(inside, "extra")]
    for _ in range(data.draw(some.integers(1, 3))):
        at, name = data.draw(some.sampled_from(places))
        if data.draw(some.booleans()) or name not in at:
            at[name] = data.draw(VALUES)
        else:
            del at[name]
    status, answer = shop.post(PREDICT, json.dumps(body).encode())
    if status != 200:  # what was changed may well be padding
        check_told(status, answer)


@FUZZ
@given(some.sampled_from(["item_poster", "item_sound"]), some.data())
def test_a_medium_of_which_bytes_were_changed(shop, name, data):
    contents = bytearray(png(1) if name == "item_poster" else wav(1))
    for _ in range(data.draw(some.integers(1, 4))):
        contents[data.draw(some.integers(0, len(contents) - 1))] = data.draw(some.integers(0, 255))
    contents = bytes(contents[: data.draw(some.integers(1, len(contents)))])
    value = [b64(contents)] if name == "item_poster" else b64(contents)
    status, answer = shop.post(PREDICT, asked(shop, "encode_item", **{name: value}))
    if status != 200:
        check_told(status, answer)
    else:
        assert np.isfinite(answer["predictions"]).all()


def good_questions():
    """Signature, and what is asked of it: of all kinds, and of different widths."""
    return [
        ("recommend", {"user_id": "ann", "k": 3}),
        ("recommend", {"user_id": "dan", "k": 1, "exclude": ["x", "y"]}),
        ("recommend", {"history": ["x", "é", "y"], "k": 4}),
        ("recommend", {"user_id": "ann", "allow": ["x", "z", "y"], "k": 2}),
        ("rank", {"user_id": "ann", "candidate": ["y", "nothing", "z"]}),
        ("rank", {"history": ["z"], "candidate": ["x"]}),
        ("similar_items", {"item_id": "x", "k": 2}),
        ("encode_item", {"item_poster": [b64(png(2))]}),
        ("encode_item", {"item_id": ITEMS[1]}),
        ("encode_user", {"user_id": "ann"}),
    ]


def bad_bodies(shop):
    """Some that are refused at once, and some that pass and fail in the graph, with their batch."""
    cut = b64(png(1)[:-20])
    return [
        *list(BODIES.values())[:8],
        *(
            json.dumps(
                asked(shop, signature) | {"instances": [{**asked(shop, signature)["instances"][0], **given}]}
            )
            for signature, given, _ in WRONG[:8] + WRONG[-6:]
        ),
        json.dumps(asked(shop, "encode_item", item_poster=[cut])),
        json.dumps(asked(shop, "similar_items", item_poster=[cut])),
    ]


def told_here(here, signature, given):
    """What this process answers: a dict of arrays and lists."""
    plain = copy.deepcopy(given)
    for name, value in plain.items():
        if name == "item_poster":
            plain[name] = [base64.b64decode(one["b64"]) for one in value]
    return getattr(here, signature)(**{"exclude_seen": False, **plain} if signature == "recommend" else plain)


def check_same(prediction, expected):
    if not isinstance(prediction, dict):
        prediction = {"vector": prediction}
    for name, value in expected.items():
        if np.asarray(value).dtype.kind == "f":
            count = len(np.atleast_1d(value))
            np.testing.assert_allclose(np.atleast_1d(prediction[name])[:count], value, atol=1e-5)
        else:
            assert prediction[name][: len(value)] == value


def test_good_requests_among_bad_ones_are_answered_rightly(shop, here):
    good = [
        (json.dumps(asked(shop, signature, **given)).encode(), told_here(here, signature, given))
        for signature, given in good_questions()
    ]
    bad = [(body if isinstance(body, bytes) else body.encode(), None) for body in bad_bodies(shop)]
    everything = (good * 12 + bad * 5)[:]
    random.Random(0).shuffle(everything)
    before = batches(shop)
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda one: shop.post(PREDICT, one[0]), everything))
    for (_, expected), (status, answer) in zip(everything, answers, strict=True):
        if expected is None:
            check_told(status, answer)
        else:
            assert status == 200, answer
            check_same(answer["predictions"][0], expected)
    single, all_of_them = (after - was for after, was in zip(batches(shop), before, strict=True))
    assert all_of_them > single, "no two requests were ever answered together"
    assert 'status="5' not in shop.get("/monitoring/prometheus/metrics")[1]


def batches(shop):
    """Batches of one question, and all of them."""
    said = shop.get("/monitoring/prometheus/metrics")[1]
    counts = [
        sum(float(count) for count in re.findall(rf"tfmmrec_batch_rows_{kind} (\S+)", said))
        for kind in (r'bucket\{le="1.0",[^}]*\}', r"count\{[^}]*\}")
    ]
    return counts


def test_versions_that_are_broken_are_refused_and_the_old_one_goes_on(tmp_path):
    model = tmp_path / "circle"
    whole = world.circle_export()
    shutil.copytree(whole, model / "1")
    with Running(tmp_path).lifetime() as running:
        row = running.question("circle", "encode_item", item_id=ITEMS[0])
        (expected,) = running.predict("circle", "encode_item", [row])
        for number, broken in {
            2: lambda to: (to / "saved_model.pb").write_bytes(b"\x08\x01garbage" * 50),
            3: lambda to: (to / "saved_model.pb").write_bytes((whole / "saved_model.pb").read_bytes()[:5000]),
            4: lambda to: shutil.rmtree(to / "variables"),
            5: lambda to: (to / "assets.extra" / "about.json").write_text("{"),
            6: lambda to: (to / "saved_model.pb").write_bytes(b""),
        }.items():
            aside = tmp_path.parent / f"{tmp_path.name}-{number}"
            shutil.copytree(whole, aside)
            broken(aside)
            aside.rename(model / str(number))

            def state(number=number):
                found = running.get("/v1/models/circle")[1]["model_version_status"]
                return {one["version"]: one for one in found}.get(str(number), {})

            running.wait(lambda state=state: state().get("state") == "END")
            assert len(state()["status"]["error_message"]) > 20
            assert running.predict("circle", "encode_item", [row]) == [expected]
        shutil.copytree(whole, tmp_path.parent / f"{tmp_path.name}-7")
        (tmp_path.parent / f"{tmp_path.name}-7").rename(model / "7")
        running.wait(lambda: "AVAILABLE" in str(running.get("/v1/models/circle/versions/7")))
        assert running.predict("circle", "encode_item", [row], "/versions/7") == [expected]
