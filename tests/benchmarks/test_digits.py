"""Splits that hold out a speaker."""

from benchmarks import readme
from benchmarks.quality.digits import BY_SPEAKER, SPEAKERS, without_each_speaker


def test_a_speaker_is_heard_at_test_alone():
    rows = [{"item_id": f"7_{who}_{n}", "speaker": who} for who in SPEAKERS for n in (0, 5, 6, 11)]
    changed = without_each_speaker(rows)
    for one in SPEAKERS:
        of = {(row["speaker"], row["item_id"][-1]): row[f"without_{one}"] for row in changed}
        assert {of[one, n] for n in "0561"} == {"test"}
        others = [who for who in SPEAKERS if who != one]
        assert {of[who, n] for who in others for n in "56"} == {"valid"}
        assert {of[who, n] for who in others for n in "01"} == {"train"}


def test_each_row_is_of_its_speakers_split():
    splits = {f"without {one}": (f"column:without_{one}", split) for one, split in SPEAKERS.items()}
    for row in BY_SPEAKER.rows:
        assert (row.load["split"], row.split_sha256) == splits[row.name.rpartition(", ")[2]]
    assert len(BY_SPEAKER.rows) == len(BY_SPEAKER.means) * len(SPEAKERS)


def test_each_model_has_a_mean_over_the_speakers(monkeypatch):
    def record(name, accuracy):
        metrics = {metric: {"mean": accuracy} for metric in BY_SPEAKER.columns}
        return {"model": name, "metrics": metrics, "seeds": [0]}

    records = [record("raw audio, without george", 0.5), record("raw audio, without theo", 1.0)]
    records.append(record("cepstrum, support vectors, without theo", 0.25))
    monkeypatch.setattr(readme, "read_rows", lambda table: records)
    shown = readme.markdown(BY_SPEAKER).splitlines()
    assert "| raw audio, mean | 0.7500 | 0.7500 | | |" in shown
    assert "| cepstrum, support vectors, mean | 0.2500 | 0.2500 | | |" in shown
