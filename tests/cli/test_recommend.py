"""`tfmmrec recommend`: known users, histories, titles, JSON."""

import json


def test_json_holds_ids_scores_and_every_task(exported, tfmmrec):
    latest = exported.folder.parent  # the folder of versions will do
    result = tfmmrec("recommend", latest, "--user", "u3", "--k", "4", "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert len(answer["item_id"]) == len(answer["score"]) == len(answer["like"]) == 4
    assert answer["score"] == sorted(answer["score"], reverse=True)
    assert all(0 <= like <= 1 for like in answer["like"])


def test_a_history_brings_its_own_answer_and_is_not_recommended(exported, tfmmrec):
    result = tfmmrec("recommend", exported.folder, "--history", "f1, f4", "--k", "12", "--json")
    assert result.exit_code == 0, result.output
    ids = json.loads(result.stdout)["item_id"]
    assert sorted([*ids, "f1", "f4"]) == sorted(f"f{film}" for film in range(12))


def test_titles_stand_beside_ids_when_the_data_is_there(exported, films, tfmmrec):
    result = tfmmrec("recommend", exported.folder, "--history", "f1", "--data", films, "--k", "3")
    assert result.exit_code == 0, result.output
    assert "For somebody new after Film 1, the sequel" in result.stdout
    assert result.stdout.count(", the sequel") == 4
    plain = tfmmrec("recommend", exported.folder, "--user", "u1", "--k", "3")
    assert "For user u1" in plain.stdout and "sequel" not in plain.stdout


def test_some_are_allowed_and_unlike_each_other(exported, tfmmrec):
    asked = ("recommend", exported.folder, "--user", "u3", "--json")
    result = tfmmrec(*asked, "--allow", "f0,f99,f2", "--k", "12")
    assert result.exit_code == 0, result.output
    assert set(json.loads(result.stdout)["item_id"]) <= {"f0", "f2"}
    plain = tfmmrec(*asked, "--k", "3").stdout
    assert tfmmrec(*asked, "--k", "3", "--diversity", "0").stdout == plain
    assert json.loads(tfmmrec(*asked, "--k", "3", "--diversity", "0.9").stdout)["item_id"]
    refused = tfmmrec(*asked, "--diversity", "2")
    assert refused.exit_code == 2 and "diversity" in refused.stderr
