"""A picture → its lines of text and their places, by the PP-OCR models in rapidocr's wheel.

The models know Latin letters, Chinese and Japanese. Lines in other writing are found, but what is
read of them is a few signs with a low score.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import rapidocr

Picture = npt.NDArray[np.uint8]  # height, width, (blue, green, red)
Box = tuple[float, float, float, float]

_THREADS = 2
_DETECTION_SIDE = 960  # pixels; lines are looked for in a picture no larger, read in the whole
_LEAST_SCORE = 0.5  # lines below are noise
_SURE_SCORE = 0.85  # of lines in writing that the models know: .94 and more, in others .9 and less
_LEAST_SIGNS = 0.25  # letters and digits in a stretch of a line that is as long as high
_LONGEST = 3  # one line in so many tells how askew the page is
_LEGIBLE = 0.5  # share of all lines, by their length
_VIETNAMESE = re.compile("[ƠơƯư]")  # the models know these letters but not those with two marks
_MOST_VIETNAMESE = 0.01  # of the letters


@dataclass(frozen=True)
class ReadLine:
    """`box` is (left, top, right, bottom) in pixels of the picture turned upright."""

    text: str
    box: Box


@dataclass(frozen=True)
class Recognised:
    """`legible` is False where there are lines in writing that the models do not know. The size is
    that of the picture turned upright."""

    lines: list[ReadLine]
    legible: bool
    width: int
    height: int


@cache
def _engine() -> rapidocr.RapidOCR:
    """With the paths of the models given, rapidocr never looks for a download."""
    cv2.setNumThreads(_THREADS)
    models = Path(rapidocr.__file__).parent / "models"
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "error",
            "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
            "Det.limit_type": "max",
            "Det.limit_side_len": _DETECTION_SIDE,
            "Cls.model_path": str(models / "ch_ppocr_mobile_v2.0_cls_mobile.onnx"),
            "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
            "EngineConfig.onnxruntime.intra_op_num_threads": _THREADS,
        }
    )


def recognise(picture: Picture) -> Recognised:
    picture, corners, crops = _upright(picture)
    height, width = picture.shape[:2]
    if not crops:
        return Recognised([], legible=True, width=width, height=height)
    found = _engine().recognize_txt(crops)
    texts, scores = found.txts or (), found.scores or ()
    boxes = _straight(corners, (width / 2, height / 2))
    lines = [ReadLine(text, box) for text, box in zip(texts, boxes, strict=True)]
    kept = [
        line
        for line, score in zip(lines, scores, strict=True)
        if score >= _LEAST_SCORE and line.text.strip()
    ]
    return Recognised(kept, _is_legible(lines, scores), width, height)


def _find(picture: Picture) -> tuple[Any, list[Picture]]:
    """(the corners of each line, what the line looks like)"""
    try:
        crops, found = _engine().detect_and_crop(picture, {})
    except rapidocr.main.RapidOCRError:  # there are none
        return np.empty((0, 4, 2)), []
    return found.boxes, crops


def _upright(picture: Picture) -> tuple[Picture, Any, list[Picture]]:
    """The picture turned so that its text is upright, with its lines as `_find` gives them.

    Which way it is turned, the lines decide together: single ones are often mistaken.
    """
    corners, crops = _find(picture)
    if crops and _weigh(corners, _are_tall(corners)) > 0.5:  # noqa: PLR2004  (most)
        picture = np.ascontiguousarray(np.rot90(picture))
        corners, crops = _find(picture)
    if crops and _weigh(corners, _are_upside_down(crops)) > 0.5:  # noqa: PLR2004
        picture = np.ascontiguousarray(np.rot90(picture, 2))
        corners, crops = _find(picture)
    return picture, corners, crops


def _are_tall(corners: Any) -> list[bool]:
    return [bool(np.ptp(box[:, 1]) > 1.5 * np.ptp(box[:, 0])) for box in corners]


def _are_upside_down(crops: Sequence[Picture]) -> list[bool]:
    _, found = _engine().cls_and_rotate(list(crops))
    return ["180" in label for label, _ in found.cls_res or []]


def _weigh(corners: Any, chosen: Sequence[bool]) -> float:
    """The share of the chosen lines, by their length."""
    lengths = [max(np.ptp(box[:, 0]), np.ptp(box[:, 1])) for box in corners]
    return float(sum(n for n, one in zip(lengths, chosen, strict=True) if one) / sum(lengths))


def _straight(corners: Any, centre: tuple[float, float]) -> list[Box]:
    """Boxes around the lines, after a page that was laid in askew is turned straight."""
    angle = -_slope(corners)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    turned = [(box - centre) @ turn.T + centre for box in corners]
    return [
        (
            float(box[:, 0].min()),
            float((box[0, 1] + box[1, 1]) / 2),
            float(box[:, 0].max()),
            float((box[2, 1] + box[3, 1]) / 2),
        )
        for box in turned
    ]


def _slope(corners: Any) -> float:
    """Of the longest lines, in radians: the corners are in whole pixels, which blurs short ones."""
    sides = sorted((box[1] - box[0] for box in corners), key=lambda side: -side[0])
    longest = sides[: math.ceil(len(sides) / _LONGEST)]
    return statistics.median(math.atan2(y, x) for x, y in longest)


def _is_legible(lines: Sequence[ReadLine], scores: Sequence[float]) -> bool:
    lengths = [line.box[2] - line.box[0] for line in lines]
    known = sum(
        length
        for line, score, length in zip(lines, scores, lengths, strict=True)
        if score >= _SURE_SCORE and _signs_per_length(line) >= _LEAST_SIGNS
    )
    text = "".join(line.text for line in lines)
    vietnamese = len(_VIETNAMESE.findall(text)) > _MOST_VIETNAMESE * len(text)
    return known >= _LEGIBLE * sum(lengths) and not vietnamese


def _signs_per_length(line: ReadLine) -> float:
    left, top, right, bottom = line.box
    signs = sum(map(str.isalnum, line.text))
    return signs * max(bottom - top, 1.0) / max(right - left, 1.0)
