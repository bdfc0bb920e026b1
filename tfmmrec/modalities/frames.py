"""Frames of a video: pictures in a folder, an animated picture, or a video file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from tfmmrec.modalities.image import checked_image
from tfmmrec.modalities.media import PICTURES, media_of

VIDEOS = (".mp4", ".webm", ".mov", ".mkv", ".avi", ".m4v")
"""Endings of video files, in lower case."""

ANIMATED = (".gif", ".webp", ".png", ".apng")
"""Endings of pictures that may move."""


def video_frames(cell: Any, folder: Path, count: int) -> list[bytes]:
    """At most `count` frames at equal distances, as encoded pictures.

    Args:
        cell: a path below the data folder, of a folder of pictures or of a file, which may be a member of its
            ``media.tar``; several are the frames themselves. An empty one has none.
        folder: the data folder.
        count: of frames; a video that has fewer gives all of them.

    Raises:
        ValueError: there is no such folder or file, it lies outside the data folder, or is no video.
        ImportError: it is a video file, and the extra ``video`` is not installed.
    """
    media = media_of(cell, folder)
    if len(media) == 1:
        (medium,) = media
        name = medium.name.lower()
        if name.endswith(ANIMATED):
            return _animated(medium.read(), count)
        if not name.endswith(PICTURES):
            return _decoded(medium.read(), count)
    return [checked_image(media[place].read()) for place in spread(len(media), count)]


def spread(there: int, count: int) -> list[int]:
    """Which of so many frames are taken: the middle of each of `count` equal parts, or all of fewer."""
    if there <= count:
        return list(range(there))
    return [(2 * part + 1) * there // (2 * count) for part in range(count)]


def _animated(contents: bytes, count: int) -> list[bytes]:
    from PIL import Image as Pillow

    checked_image(contents)  # of which the first frame is read
    frames = []
    try:
        with Pillow.open(io.BytesIO(contents)) as picture:
            for place in spread(getattr(picture, "n_frames", 1), count):
                picture.seek(place)
                frames.append(_png(picture.convert("RGB")))
    except (OSError, EOFError, SyntaxError, ValueError) as error:
        raise ValueError(f"not a readable animation ({error})") from error
    return frames


def _decoded(contents: bytes, count: int) -> list[bytes]:
    """The frames of a video file, by PyAV."""
    try:
        import av
    except ImportError as error:
        raise ImportError(
            f"Video files are decoded by PyAV, which cannot be imported ({error}): "
            'pip install "tfmmrec[video]", or write the frames to a folder of pictures.'
        ) from error
    try:
        with av.open(io.BytesIO(contents)) as video:
            there = sum(1 for _ in video.decode(video=0))
        wanted, frames = set(spread(there, count)), []
        with av.open(io.BytesIO(contents)) as video:  # from its beginning: not every file can be searched
            for place, frame in enumerate(video.decode(video=0)):
                if place in wanted:
                    frames.append(_png(frame.to_image()))
                if place >= max(wanted):
                    break
    except (av.error.FFmpegError, IndexError) as error:
        raise ValueError(f"not a readable video ({error})") from error
    if not frames:
        raise ValueError("the video has no frames")
    return frames


def _png(picture: Any) -> bytes:
    packed = io.BytesIO()
    picture.save(packed, "PNG")
    return packed.getvalue()
