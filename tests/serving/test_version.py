"""A version in a server: what it checks, and what it says of itself."""

import io
import shutil

import numpy as np
import pytest
from PIL import Image

from export import world
from export.world import whole
from tfmmrec.modalities.image import checked_image
from tfmmrec.serving.version import Version


@pytest.fixture(scope="module")
def shop():
    return Version(world.shop_export())


def packed(mode, form):
    """A picture of as many colours as it has pixels."""
    pixels = np.arange(192, dtype="uint8").reshape(8, 8, 3)
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, form)
    return file.getvalue()


def test_pictures_are_read_as_in_training(shop):
    given = [packed("P", "BMP"), packed("1", "BMP"), packed("RGB", "TIFF"), packed("RGB", "PNG")]

    def asked(contents):
        return whole(shop.folder, "encode_item", item_poster=[[b"", one] for one in contents])

    inputs = asked(given)
    shop.check("encode_item", inputs, most_k=10)
    assert inputs["item_poster"][:, 1].tolist() == [checked_image(one) for one in given]
    assert inputs["item_poster"][:, 0].tolist() == [b""] * 4
    assert inputs["item_poster"][3, 1] == given[3]  # what TensorFlow reads stays as it came
    found = shop.run("encode_item", inputs)["vector"]
    expected = shop.run("encode_item", asked([checked_image(one) for one in given]))["vector"]
    np.testing.assert_array_equal(found, expected)


def test_a_vector_of_another_length_is_refused(shop):
    right = whole(shop.folder, "encode_item", item_id=["x", ""], item_taste=[[], [0.1, -0.2, 0.3]])
    assert np.isfinite(shop.run("encode_item", right)["vector"]).all()
    for taste in ([0.1, -0.2], [0.1, -0.2, 0.3, 0.4], [0.1, None, 0.3]):
        wrong = whole(shop.folder, "encode_item", item_taste=[taste])
        with pytest.raises(
            ValueError, match=rf"cannot be answered: .taste takes rows of 3 finite.*of. .{len(taste)}"
        ):
            shop.run("encode_item", wrong)


def test_it_goes_on_telling_what_it_is_where_its_folder_is_gone(tmp_path):
    shutil.copytree(world.circle_export(), tmp_path / "1")
    version = Version(tmp_path / "1")
    shutil.rmtree(tmp_path / "1")
    assert set(version.metadata["signature_def"]["signature_def"]) >= set(version.signatures)
