"""Splits that hold out a speaker."""

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
    assert [row.load["split"] for row in BY_SPEAKER.rows] == [f"column:without_{one}" for one in SPEAKERS]
