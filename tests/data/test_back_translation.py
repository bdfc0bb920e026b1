"""Which texts are translated: those that a feature reads, as it reads them."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tfmmrec.data import back_translate
from tfmmrec.modalities import Text
from tfmmrec.modalities.wordings import read_wordings
from tfmmrec.schema import Schema
from tfmmrec.tasks import Rating


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        ([1984.0, None, 0.5, 1984.0], ["1984", "0.5"]),
        ([b"A big car", b" ", "é".encode(), b"\xff car"], ["A big car", "é", "\ufffd car"]),
        (["7.0", "", " a", None], ["7.0", " a"]),
    ],
)
def test_texts_are_those_that_the_feature_reads(tmp_path, cells, texts):
    columns = {"item_id": ["a", "b", "c", "d"], "plot": cells, "stars": [1, 2, 3, 4]}
    pq.write_table(pa.table(columns), tmp_path / "items.parquet")
    text = Text("plot", length=4, min_count=1, augment=["reword"], wordings="plot.jsonl")
    schema = Schema(item=[text], tasks=[Rating("stars")], user_id=None, tables={"events": "items.parquet"})
    back_translate(tmp_path, schema, "plot", lambda some: [f"{one} anew" for one in some])
    known = read_wordings(tmp_path, "plot.jsonl")
    assert list(known) == texts
    raw = text.raw(cells, tmp_path, None)
    assert {one.partition("\x1e")[0] for one in raw if one.strip()} == set(texts)
    assert all("anew" in one for one in raw if one.strip())
