"""A client and what it sends, against a server of canned answers in the form of TensorFlow Serving's."""

import http.server
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tfmmrec.serving import Client

PREDICT = "/v1/models/demo:predict"
METADATA = "/v1/models/demo/metadata"


def tensors(**kinds):
    """``name="DT_STRING 2"``: dtype and axes, all but a third of unknown size."""
    described = {}
    for name, kind in kinds.items():
        dtype, rank = kind.split()
        dims = [{"size": size, "name": ""} for size in ["-1", "-1", "3"][: int(rank)]]
        described[name] = {
            "dtype": dtype,
            "tensor_shape": {"dim": dims, "unknown_rank": False},
            "name": "x:0",
        }
    return described


USER = dict(user_id="DT_STRING 1", history="DT_STRING 2", history_time="DT_DOUBLE 2")
ITEM = dict(item_poster="DT_STRING 2", item_taste="DT_DOUBLE 2")
RANKED = dict(score="DT_FLOAT 2", mood="DT_FLOAT 3", mood_class="DT_STRING 2")
SIGNATURES = {
    "recommend": {
        "inputs": tensors(**USER, k="DT_INT32 1", exclude="DT_STRING 2", exclude_seen="DT_BOOL 1"),
        "outputs": tensors(item_id="DT_STRING 2", **RANKED),
    },
    "rank": {
        "inputs": tensors(**USER, candidate="DT_STRING 2", **ITEM),
        "outputs": tensors(**RANKED, new_item_score="DT_FLOAT 1"),
    },
    "similar_items": {
        "inputs": tensors(item_id="DT_STRING 1", **ITEM, k="DT_INT32 1"),
        "outputs": tensors(item_id="DT_STRING 2", score="DT_FLOAT 2"),
    },
    "search": {
        "inputs": tensors(query_title="DT_STRING 1", query_poster="DT_STRING 2", query_taste="DT_DOUBLE 2")
        | tensors(k="DT_INT32 1", exclude="DT_STRING 2", allow="DT_STRING 2"),
        "outputs": tensors(item_id="DT_STRING 2", score="DT_FLOAT 2"),
    },
    "similar_users": {
        "inputs": tensors(**USER, k="DT_INT32 1"),
        "outputs": tensors(user_id="DT_STRING 2", score="DT_FLOAT 2"),
    },
    "encode_user": {"inputs": tensors(**USER), "outputs": tensors(vector="DT_FLOAT 2")},
    "encode_item": {
        "inputs": tensors(item_id="DT_STRING 1", **ITEM),
        "outputs": tensors(vector="DT_FLOAT 2"),
    },
}


def metadata(signatures=SIGNATURES):
    return {
        "model_spec": {"name": "demo", "signature_name": "", "version": "2"},
        "metadata": {"signature_def": {"signature_def": signatures}},
    }


class Fake:
    """A server that answers each path with the next of its answers, the last of them for ever.

    An answer is ``(status, JSON or text)``; `asked` lists what was asked: ``(path, body)``.
    """

    def __init__(self):
        self.asked, self.answers, self.delay = [], {METADATA: [(200, metadata())]}, 0.0
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fake.asked.append((self.path, body.decode()))
                answers = fake.answers[self.path]
                status, said = answers.pop(0) if len(answers) > 1 else answers[0]
                if self.path == PREDICT:
                    time.sleep(fake.delay)
                said = (said if isinstance(said, str) else json.dumps(said, indent=4)).encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(said)))
                    self.end_headers()
                    self.wfile.write(said)
                except ConnectionError:  # who asked has gone
                    self.close_connection = True

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def says(self, *answers, path=PREDICT):
        self.answers[path] = list(answers)

    def bodies(self):
        return [body for path, body in self.asked if path.endswith(":predict")]

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def fake():
    server = Fake()
    yield server
    server.close()


@pytest.fixture
def client(fake):
    return Client(fake.url, "demo", timeout=5.0)


TWO = {"item_id": [["é", "b", ""]], "score": [[0.5, 0.1, float("nan")]]}
TWO |= {"mood": [[[0.1, 0.2, 0.7], [1, 0, 0], [float("nan")] * 3]], "mood_class": [["sad", "glad", ""]]}


def test_a_question_on_the_wire_and_its_answer(fake, client):
    fake.says((200, {"outputs": TWO}))
    answer = client.recommend("ann", history=["é", b"b"], k=3)
    assert fake.bodies() == [
        '{"signature_name":"recommend","inputs":{"user_id":["ann"],"history":[["","é","b"]],'
        '"history_time":[[NaN,NaN]],"k":[3],"exclude":[["",""]],"exclude_seen":[true]}}'
    ]
    assert list(answer) == ["item_id", "score", "mood", "mood_class"]
    assert answer["item_id"] == ["é", "b"]
    assert answer["score"].dtype == np.float32
    assert answer["score"].tolist() == [0.5, np.float32(0.1)]
    assert answer["mood"].shape == (2, 3)
    assert answer["mood_class"] == ["sad", "glad"]


def test_a_search_on_the_wire(fake, client):
    fake.says((200, {"outputs": {"item_id": [["é", ""]], "score": [[0.5, float("nan")]]}}))
    answer = client.search(query_title="red", query_poster=b"\0", k=2, allow=["é"])
    assert fake.bodies() == [
        '{"signature_name":"search","inputs":{"query_title":["red"],"query_poster":[["",{"b64":"AA=="}]],'
        '"query_taste":[[NaN]],"k":[2],"exclude":[["",""]],"allow":[["","é"]]}}'
    ]
    assert answer["item_id"] == ["é"] and answer["score"].tolist() == [0.5]
    with pytest.raises(
        ValueError, match="What is looked for. Give query_poster or query_taste or query_title"
    ):
        client.search(k=2)
    assert len(fake.bodies()) == 1


def test_users_like_a_user_on_the_wire(fake, client):
    fake.says((200, {"outputs": {"score": [[0.5, float("nan")]], "user_id": [["bob", ""]]}}))
    answer = client.similar_users("ann", k=2)
    assert fake.bodies() == [
        '{"signature_name":"similar_users","inputs":{"user_id":["ann"],"history":[["",""]],'
        '"history_time":[[NaN,NaN]],"k":[2]}}'
    ]
    assert list(answer) == ["user_id", "score"] and answer["user_id"] == ["bob"]


def test_metadata_is_asked_for_once(fake, client):
    fake.says((200, {"outputs": TWO}))
    client.recommend("ann")
    client.recommend("bob")
    assert [path for path, _ in fake.asked] == [METADATA, PREDICT, PREDICT]
    assert client.inputs("encode_user") == ["history", "history_time", "user_id"]


def test_a_batch_is_a_list_and_one_output_has_no_name(fake, client):
    fake.says((200, {"outputs": [[1.0, 2.0], [3.0, 4.0]]}))
    one, two = client.encode_user(["ann", None], history=[["x"], ["y", "z"]])
    assert fake.bodies() == [
        '{"signature_name":"encode_user","inputs":{"user_id":["ann",""],'
        '"history":[["","x",""],["","y","z"]],"history_time":[[NaN,NaN],[NaN,NaN]]}}'
    ]
    assert (one["vector"].tolist(), two["vector"].tolist()) == ([1, 2], [3, 4])


def test_media_are_base64_and_vectors_are_whole(fake, client):
    fake.says((200, {"outputs": [[1.0]]}))
    client.encode_item(item_poster=[b"\xff\xd8"], item_taste=[0.5, 2])
    assert fake.bodies() == [
        '{"signature_name":"encode_item","inputs":{"item_id":[""],"item_poster":[["",{"b64":"/9g="}]],'
        '"item_taste":[[0.5,2.0]]}}'
    ]


def test_candidates_come_back_in_their_columns(fake, client):
    """The column of padding was ranked, and a batch that the server put together is wider."""
    none = float("nan")
    outputs = {
        "score": [[none, 0.5, none, 0.25, none]],
        "mood": [[[none] * 3, [1, 0, 0], [none] * 3, [0, 1, 0], [none] * 3]],
        "mood_class": [["", "sad", "", "glad", ""]],
        "new_item_score": [0.75],
    }
    fake.says((200, {"outputs": outputs}))
    answer = client.rank(["x", "unknown", "y"], "ann")
    assert '"candidate":[["","x","unknown","y"]]' in fake.bodies()[0]
    np.testing.assert_array_equal(answer["score"], np.asarray([0.5, none, 0.25], "float32"))
    assert answer["mood_class"] == ["sad", "", "glad"]
    assert answer["mood"].shape == (3, 3)
    assert answer["new_item_score"] == 0.75


def test_nothing_found_is_an_empty_answer(fake, client):
    fake.says((200, {"outputs": {"item_id": [[]], "score": [[]], "mood": [[]], "mood_class": [[]]}}))
    answer = client.recommend("ann", k=0)
    assert (answer["item_id"], answer["mood_class"], answer["mood"].shape) == ([], [], (0, 3))


def test_an_item_nobody_knows_is_refused(fake, client):
    nothing = float("nan")
    fake.says((200, {"outputs": [[nothing, nothing]]}))
    with pytest.raises(
        ValueError, match="Item 'no such' is not in the catalogue and comes without content: g"
    ):
        client.encode_item("no such")
    empty = {"outputs": {"item_id": [["b"], [""]], "score": [[0.5], [nothing]]}}
    fake.says((200, empty), (200, {"outputs": [[nothing, nothing]]}))
    with pytest.raises(
        ValueError, match="Item 'c' is not in the catalogue.*similar_items takes item_id, item_"
    ):
        client.similar_items(["a", "c"], k=1)
    assert '"encode_item","inputs":{"item_id":["c"]' in fake.bodies()[2]


def test_an_item_alone_in_its_catalogue_is_similar_to_nothing(fake, client):
    fake.says(
        (200, {"outputs": {"item_id": [[""]], "score": [[float("nan")]]}}), (200, {"outputs": [[1.0, 2.0]]})
    )
    assert client.similar_items("a", k=1)["item_id"] == []


def test_a_version_is_asked_by_its_number(fake):
    fake.says((200, metadata()), path="/v1/models/demo/versions/2/metadata")
    fake.says((200, {"outputs": [[1.0]]}), path="/v1/models/demo/versions/2:predict")
    assert Client(fake.url + "/", "demo", version=2).encode_user("ann")["vector"].tolist() == [1]


def test_a_new_version_that_takes_something_else_is_learnt(fake, client):
    fake.says((200, {"outputs": [[1.0]]}))
    client.encode_user("ann")
    age = {"encode_user": {**SIGNATURES["encode_user"], "inputs": tensors(**USER, user_age="DT_DOUBLE 1")}}
    fake.says((200, metadata({**SIGNATURES, **age})), path=METADATA)
    fake.says(
        (400, {"error": "Missing named input: user_age in 'inputs' object."}), (200, {"outputs": [[2.0]]})
    )
    assert client.encode_user("ann")["vector"].tolist() == [2]
    assert '"user_age":[NaN]' in fake.bodies()[-1]
    assert client.encode_user("ann", user_age=3)["vector"].tolist() == [2]


def test_a_new_version_that_answers_with_something_else_is_learnt(fake, client):
    """Of the same inputs; other outputs, more of them, and fewer."""
    nothing = float("nan")
    fake.says((200, {"outputs": [[1.0, 2.0]]}))
    assert client.encode_user("ann")["vector"].tolist() == [1, 2]

    def new_version(outputs, answer):
        signatures = {**SIGNATURES, "encode_user": {**SIGNATURES["encode_user"], "outputs": outputs}}
        fake.asked.clear()
        fake.says((200, metadata(signatures)), path=METADATA)
        fake.says((200, {"outputs": answer}))
        found = client.encode_user("ann")
        assert [path for path, _ in fake.asked] == [PREDICT, METADATA]  # it was not asked again
        fake.asked.clear()
        client.encode_user("ann")
        assert [path for path, _ in fake.asked] == [PREDICT]
        return found

    several = tensors(vector="DT_FLOAT 2", like="DT_FLOAT 1")
    assert new_version(several, {"vector": [[3.0]], "like": [0.5]}) == {"vector": [3], "like": 0.5}
    several |= tensors(buy="DT_FLOAT 1")
    answer = new_version(several, {"vector": [[3.0]], "like": [0.5], "buy": [nothing]})
    assert answer["like"] == 0.5 and np.isnan(answer["buy"])
    fewer = tensors(vector="DT_FLOAT 2", like="DT_FLOAT 1")
    assert new_version(fewer, {"vector": [[4.0]], "like": [0.25]}) == {"vector": [4], "like": 0.25}
    assert new_version(tensors(vector="DT_FLOAT 2"), [[5.0]]) == {"vector": [5]}
    assert new_version(tensors(mood="DT_STRING 1"), ["sad"]) == {"mood": "sad"}


def test_more_outputs_than_the_metadata_promise_are_left_out(fake, client):
    """As where one of two servers has a new version already."""
    outputs = {"item_id": [["b"]], "score": [[0.5]], "like": [[0.25]]}
    fake.says((200, {"outputs": outputs}))
    assert client.similar_items("a", k=1).keys() == {"item_id", "score"}


def test_threads_that_are_refused_are_each_told_why(fake, client):
    fake.says((400, {"error": "no such thing"}))
    told = []

    def ask():
        for _ in range(5):
            with pytest.raises(ValueError, match="refuses the request to 'demo': no such thing") as error:
                client.encode_user("ann")
            told.append(error.type)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [ValueError] * 40
    client._forget()
    client._forget()  # as when another thread has done so meanwhile


def test_status_and_metadata(fake, client):
    ok = {"error_code": "OK", "error_message": ""}
    versions = [
        {"version": str(number), "state": state, "status": ok}
        for number, state in [(3, "AVAILABLE"), (2, "END")]
    ]
    fake.says((200, {"model_version_status": versions}), path="/v1/models/demo")
    assert client.status() == {3: "AVAILABLE", 2: "END"}
    assert client.metadata()["model_spec"]["version"] == "2"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again(fake, client, status):
    fake.says((status, {"error": "The batch scheduling queue is full"}), (200, {"outputs": [[1.0]]}))
    assert client.encode_user("ann")["vector"].tolist() == [1]
    first, second = fake.bodies()
    assert first == second


def test_a_server_that_stays_busy(fake):
    fake.says((503, {"error": "The batch scheduling queue to which this task was submitted is full."}))
    with pytest.raises(
        ConnectionError, match=r"is busy.*'demo' yet \(HTTP 503\): The batch.*full. Ask again la"
    ):
        Client(fake.url, "demo", retries=1).encode_user("ann")
    assert len(fake.bodies()) == 2


def test_no_server(fake):
    fake.close()
    with pytest.raises(
        ConnectionError, match="There is no server at http://127.0.0.1:.*Start one.*tfmmrec serve"
    ):
        Client(fake.url, "demo", retries=0).encode_user("ann")


def test_a_slow_answer_is_not_asked_for_again(fake):
    fake.delay = 0.5
    fake.says((200, {"outputs": [[1.0]]}))
    with pytest.raises(TimeoutError, match="no answer within 0.1 seconds. Give a longer timeout"):
        Client(fake.url, "demo", timeout=0.1).encode_user("ann")
    assert len(fake.bodies()) == 1


def test_a_refused_request_says_why_and_is_not_asked_again(fake, client):
    fake.says((400, {"error": "Unable to decode bytes as JPEG, PNG, GIF, or BMP"}))
    with pytest.raises(ValueError, match="refuses the request to 'demo': Unable to decode.*whole file"):
        client.encode_item(item_poster=[b"no picture"])
    assert len(fake.bodies()) == 1


def test_an_error_that_is_no_json(fake, client):
    """TensorFlow Serving escapes bytes as C does."""
    fake.says((400, r'{ "error": "no \303\251" }'))
    with pytest.raises(ValueError, match=r'refuses the request to .demo.: { "error": "no \\303\\251" }'):
        client.encode_user("é")


@pytest.mark.parametrize(
    ("answer", "error", "match"),
    [
        (
            (404, {"error": "Servable not found for request: Latest(demo)"}),
            ValueError,
            "does not serve 'demo': S",
        ),
        (
            (404, "<html>nginx</html>"),
            ConnectionError,
            "answers with HTTP 404, which TensorFlow.*nginx.*8501",
        ),
        ((200, "<html>hello</html>"), ConnectionError, "answers with HTTP 200, which.*hello.*REST port"),
        ((302, ""), ConnectionError, "answers with HTTP 302"),
        ((500, {"error": "out of memory"}), ConnectionError, r"failed \(HTTP 500\): out of memory Its log"),
        ((200, {"predictions": []}), ConnectionError, "metadata without signatures.*predictions"),
    ],
)
def test_what_answers_is_something_else(fake, answer, error, match):
    fake.says(answer, path=METADATA)
    with pytest.raises(error, match=match):
        Client(fake.url, "demo", retries=0).encode_user("ann")


@pytest.mark.parametrize("outputs", [[["x"]], {"other": 1}, None, [1.0]])
def test_outputs_other_than_the_metadata_promise(fake, client, outputs):
    fake.says((200, {"outputs": outputs}))
    with pytest.raises(
        ConnectionError, match="'encode_user' with outputs other than its metadata promise.*of one version"
    ):
        client.encode_user("ann")
    assert [path for path, _ in fake.asked] == [METADATA, PREDICT, METADATA]


def test_a_connection_that_breaks(fake):
    """Something that is no HTTP server, such as the port of gRPC."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up():
            for _ in range(2):
                listener.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(ConnectionError, match="breaks the connection.*8500 is gRPC's"):
            Client(f"http://127.0.0.1:{listener.getsockname()[1]}", "demo", retries=1).encode_user("ann")
        thread.join()


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (("127.0.0.1:8501", "demo"), "such as http://127.0.0.1:8501; got '127.0.0.1:8501'"),
        (("grpc://here:8500", "demo"), "such as http://127.0.0.1:8501; got 'grpc://here:8500'"),
        (("http://here:8501", ""), "model is the name it is served by"),
    ],
)
def test_an_address_that_is_none(arguments, match):
    with pytest.raises(ValueError, match=match):
        Client(*arguments)


def test_arguments_are_checked_before_anything_is_sent(fake, client):
    with pytest.raises(ValueError, match="recommend takes no 'exclud'. Did you mean 'exclude'?"):
        client.recommend("ann", exclud=["x"])
    with pytest.raises(ValueError, match="one size, got {'history': 1, 'user_id': 2}"):
        client.recommend(["ann", "bob"], history=[["x"]])
    assert fake.bodies() == []


def test_threads_share_a_client(fake, client):
    fake.says((200, {"outputs": [[1.0]]}))
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(client.encode_user("ann")["vector"].tolist()))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [[1]] * 8


def test_neither_tensorflow_nor_keras_is_imported(fake):
    fake.says((200, {"outputs": [[1.0]]}))
    program = (
        "import sys\nfrom tfmmrec.serving import Client\n"
        f"assert Client({fake.url!r}, 'demo').encode_user('ann')['vector'].tolist() == [1]\n"
        "heavy = {name.split('.')[0] for name in sys.modules} & {'keras', 'tensorflow', 'jax', 'pyarrow'}\n"
        "assert not heavy, heavy\n"
    )
    root = str(Path(__file__).parents[2])
    subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, "PYTHONPATH": root})
