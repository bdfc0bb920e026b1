"""Files that run TensorFlow Serving on exports: its own configuration, Docker Compose and Kubernetes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tfmmrec.aside import file_aside
from tfmmrec.serving.docker import docker_compose
from tfmmrec.serving.kubernetes import kubernetes
from tfmmrec.serving.tensorflow_serving import batching_config, models_config, monitoring_config
from tfmmrec.serving.versions import versions

_GIB = 2**30


@dataclass(frozen=True)
class Deployment:
    """Exports and what serves them.

    Attributes:
        folder: of the models, ``savedmodels``.
        models: names of the folders in it that hold versions, sorted.
        size: bytes of the latest versions together.
        image: of TensorFlow Serving, with its tag.
        cores: of the machine (or of each replica) that serves.
    """

    folder: Path
    models: tuple[str, ...]
    size: int
    image: str = "tensorflow/serving:latest"
    cores: int = 4

    @classmethod
    def of(cls, folder: str | Path, image: str = image, cores: int = cores) -> Deployment:
        """Everything that is exported in a folder.

        Raises:
            ValueError: there is nothing, the folder is that of one model, or a name cannot be asked for.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise ValueError(
                f"There is no folder {str(folder)!r}. `tfmmrec export` makes savedmodels/<name>/1."
            )
        if versions(folder) or (folder / "saved_model.pb").is_file():
            above = folder.parent if versions(folder) else folder.parent.parent
            raise ValueError(
                f"{str(folder)!r} is one model; give the folder of all models, {str(above)!r}, every one of "
                "which is then served by the name of its folder."
            )
        models = {one.name: versions(one) for one in sorted(folder.iterdir())}
        latest = {name: there[max(there)] for name, there in models.items() if there}
        if not latest:
            raise ValueError(
                f"There is no export in {str(folder)!r}: no version such as "
                f"{str(folder / 'films' / '1' / 'saved_model.pb')!r}. `tfmmrec export` makes one."
            )
        for name in latest:
            if ":" in name or not name.isprintable():
                raise ValueError(
                    f"A model is asked for by the name of its folder, and {name!r} cannot stand in an "
                    "address. Rename the folder to letters, digits, - and _."
                )
        size = sum(
            file.stat().st_size for one in latest.values() for file in one.rglob("*") if file.is_file()
        )
        return cls(folder, tuple(latest), size, image, cores)

    def files(self, to: Path) -> dict[str, str]:
        """The text of every file by its name, as it stands in the folder `to`."""
        configs = {
            "models.config": models_config(self.models),
            "batching.config": batching_config(self.cores),
            "monitoring.config": monitoring_config(),
        }
        return {
            **configs,
            "docker-compose.yml": docker_compose(self, to),
            "kubernetes.yaml": kubernetes(self, configs),
        }

    def write(self, to: str | Path, replace: bool = False) -> list[Path]:
        """Writes `files` into a folder, which is made.

        Raises:
            ValueError: one of them is there, and is not to be replaced.
        """
        to = Path(to)
        texts = {to / name: text for name, text in self.files(to).items()}
        there = [str(path) for path in texts if path.exists()]
        if there and not replace:
            raise ValueError(
                f"{', '.join(there)} would be written over. Pass --replace (in Python replace=True), or give "
                "another folder."
            )
        to.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            with file_aside(path) as aside:
                aside.write_text(text, "utf-8")
        return list(texts)

    @property
    def memory(self) -> int:
        """GiB: TensorFlow and requests, and the latest versions with room for new ones loaded beside them."""
        return 2 + -(-3 * self.size // _GIB)

    @property
    def disk(self) -> int:
        """GiB of a volume: the latest versions, and room for nine more of each."""
        return max(1, -(-10 * self.size // _GIB))
