"""Models and versions that come, go and break, as a server finds them; the versions are texts."""

import asyncio
import os
import shutil
import threading
from types import SimpleNamespace

import pytest

from tfmmrec.serving import served_models
from tfmmrec.serving.served_models import LoadingError, NotServedError, ServedModels


class Batcher:
    async def close(self):
        pass


@pytest.fixture
def loading(monkeypatch):
    """What is waited for before a version is loaded, by its text."""
    waited = {}

    def loaded(folder):
        said = (folder / "saved_model.pb").read_text()
        if said in waited:
            waited[said].wait(60)
        if said == "broken":
            raise ValueError("it is broken")
        return SimpleNamespace(number=int(folder.name), said=said)

    monkeypatch.setattr(served_models, "_loaded", loaded)
    monkeypatch.setattr(served_models, "_set_aside", lambda: None)
    return waited


@pytest.fixture
def root(tmp_path, loading):
    put(tmp_path / "shop", 1, "one")
    return tmp_path


def put(model, number, said):
    """A version whose text is this; it takes the place of what is there, at once."""
    aside = model / f".{number}"
    aside.mkdir(parents=True)
    (aside / "saved_model.pb").write_text(said)
    shutil.rmtree(model / str(number), ignore_errors=True)
    aside.rename(model / str(number))


def served(root):
    return ServedModels(root, lambda name, version: Batcher())


def said(models, name="shop"):
    return models.find(name).version.said


def test_a_version_that_was_replaced_under_its_number_is_loaded(root):
    async def look():
        models = served(root)
        await models.refresh()
        first = models.find("shop")
        await models.refresh()
        assert models.find("shop") is first  # whose files are as they were
        put(root / "shop", 1, "one, mended")
        await models.refresh()
        assert said(models) == "one, mended"
        put(root / "shop", 1, "broken")
        await models.refresh()
        assert said(models) == "one, mended"
        assert [one["state"] for one in models.status("shop")] == ["AVAILABLE"]
        shutil.rmtree(root / "shop" / "1")
        await models.refresh()
        assert said(models) == "one, mended"
        await models.close()

    asyncio.run(look())


def test_a_broken_replacement_does_not_bring_back_an_older_version(root):
    async def look():
        put(root / "shop", 2, "two")
        models = served(root)
        await models.refresh()
        put(root / "shop", 2, "broken")
        for _ in range(2):
            await models.refresh()
            assert said(models) == "two"
        await models.close()

    asyncio.run(look())


def test_models_that_are_not_loaded_yet_are_being_loaded(root, loading):
    put(root / "films", 1, "films")
    put(root / "shop", 2, "broken")
    loading["films"], loading["one"] = threading.Event(), threading.Event()

    async def look():
        models = served(root)
        for name in ("films", "shop"):  # before anybody has looked
            with pytest.raises(LoadingError, match=f"Model '{name}' is being loaded; ask again"):
                models.find(name)
        assert not models.ready
        looking = asyncio.create_task(models.refresh())
        await asyncio.sleep(0)
        assert models.models["films"].loading == 1
        with pytest.raises(LoadingError):
            models.find("shop")  # which comes after it
        loading["films"].set()
        while models.models["shop"].loading != 1:
            await asyncio.sleep(0.001)
        assert said(models, "films") == "films"
        with pytest.raises(LoadingError):  # though its second version is refused already
            models.find("shop")
        loading["one"].set()
        await looking
        assert said(models) == "one" and models.ready
        await models.close()

    asyncio.run(look())


def test_a_model_without_a_version_that_can_be_served_says_why(root):
    async def look():
        put(root / "shop", 1, "broken")
        models = served(root)
        await models.refresh()
        with pytest.raises(
            NotServedError, match="No version of model 'shop' is served: it is broken"
        ) as error:
            models.find("shop")
        assert not isinstance(error.value, LoadingError)
        shutil.rmtree(root / "shop")
        await models.refresh()
        with pytest.raises(NotServedError, match="no model 'shop'"):
            models.find("shop")

    asyncio.run(look())


def test_an_error_of_the_file_system_does_not_end_the_watch(root, monkeypatch, caplog):
    models, there, left = served(root), ServedModels.there, [3]

    def sometimes(self):
        if left[0]:
            left[0] -= 1
            raise OSError(116, "Stale file handle")
        return there(self)

    monkeypatch.setattr(ServedModels, "there", sometimes)

    async def look():
        watching = asyncio.create_task(models.watch(0.001))
        while not models.ready:
            await asyncio.sleep(0.001)
        left[0] = 1
        put(root / "shop", 2, "two")
        while said(models) != "two":
            await asyncio.sleep(0.001)
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching
        await models.close()

    asyncio.run(asyncio.wait_for(look(), 60))
    told = [one for one in caplog.records if "What is new cannot be seen" in one.getMessage()]
    assert len(told) == 2 and "Stale file handle" in str(told[0].exc_info[1])  # not each time it was seen


def test_a_stamp_passes_over_what_goes_while_it_is_taken(root, monkeypatch):
    folder, stat = root / "shop" / "1", os.stat
    (folder / "variables").mkdir()
    (folder / "variables" / "data").write_text("x")
    whole = served_models._stamp(folder)
    assert [os.path.relpath(path, folder) for path, _, _ in whole] == ["saved_model.pb", "variables/data"]
    (folder / "variables" / "data").write_text("xy")
    assert served_models._stamp(folder) != whole

    def refused(path, **given):
        if str(path).endswith("data"):
            raise PermissionError(13, "Permission denied")
        return stat(path, **given)

    monkeypatch.setattr(os, "stat", refused)
    assert [size for _, size, _ in served_models._stamp(folder)] == [3]
    assert served_models._stamp(folder / "nowhere") == ()
