"""knowledge.reading.ocr: pictures of text are read with nothing but what is installed."""

from __future__ import annotations

import io
import os
import socket
from collections.abc import Sequence
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from knowledge.reading import ReadText, UnreadableFileError
from knowledge.reading.extract import extract
from knowledge.reading.ocr import models, tesseract
from knowledge.reading.process import read_in_process, stop_reader
from knowledge.reading.progress import told_to
from knowledge.reading.result import Limits
from tests.knowledge.files import pdf
from tests.knowledge.scans import page, saved, scanned_pdf

RETURNS = [
    "Goods can be returned within 30 days of delivery.",
    "The refund of 19.99 goes back to the card that paid.",
]
RUSSIAN = [
    "Возврат товара возможен в течение тридцати дней.",
    "Деньги возвращаются на карту покупателя.",
    "Сообщите номер заказа и причину возврата.",
]


def read(folder: Path, name: str, content: bytes, limits: Limits | None = None) -> ReadText:
    path = folder / name
    path.write_bytes(content)
    return extract(path, name, limits or Limits())


def refusal(folder: Path, name: str, content: bytes) -> UnreadableFileError:
    with pytest.raises(UnreadableFileError) as caught:
        read(folder, name, content)
    return caught.value


def codes(result: ReadText) -> list[tuple[str, int | None]]:
    return [(warning.code, warning.page) for warning in result.warnings]


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.png", "PNG"),
        ("a.jpg", "JPEG"),
        ("a.jpeg", "JPEG"),
        ("a.tiff", "TIFF"),
        ("a.tif", "TIFF"),
        ("a.webp", "WEBP"),
        ("a.bmp", "BMP"),
        ("a.gif", "GIF"),
    ],
)
def test_a_picture_of_text_is_read(tmp_path: Path, name: str, form: str) -> None:
    result = read(tmp_path, name, saved([page(RETURNS)], form))
    assert result.markdown == " ".join(RETURNS)
    assert result.media_type == f"image/{form.lower()}"
    assert result.warnings[0].text == "Page 1 was read from a scan. Compare the text with the scan."


def test_scans_are_read_without_tesseract_and_without_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("Reading a scan must not reach for the network.")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    models._engine.cache_clear()  # a fresh process would load the models too
    result = read(tmp_path, "a.pdf", scanned_pdf(RETURNS, ["The warranty lasts two years."]))
    assert result.markdown == f"{' '.join(RETURNS)}\n\nThe warranty lasts two years."
    assert result.scanned_pages == [1, 2]
    assert codes(result) == [("ocr_used", 1)]


def test_each_page_of_a_tiff_is_a_page(tmp_path: Path) -> None:
    content = saved([page(["The first page."]), page(["The second page."])], "TIFF")
    result = read(tmp_path, "fax.tiff", content)
    assert (result.markdown, result.page_starts) == (
        "The first page.\n\nThe second page.",
        [0, 17],
    )


def test_only_pages_without_text_are_read_from_their_picture(tmp_path: Path) -> None:
    result = read(tmp_path, "a.pdf", _mixed())
    assert result.markdown == f"This page has text.\n\n{' '.join(RETURNS)}"
    assert (result.scanned_pages, codes(result)) == ([2], [("ocr_used", 2)])


def test_a_mark_of_the_scanner_does_not_pass_for_the_text_of_the_page(tmp_path: Path) -> None:
    stamped = _with_text(scanned_pdf(RETURNS), "Scanned with a telephone")
    result = read(tmp_path, "a.pdf", stamped)
    assert RETURNS[0] in result.markdown
    assert result.scanned_pages == [1]


def test_a_table_and_paragraphs_keep_their_shape(tmp_path: Path) -> None:
    rows = ["Part\tPrice\tWarranty", "Lid\t4.50\t12 months", "Handle\t12.00\t24 months"]
    result = read(tmp_path, "a.png", saved([page([*RETURNS, "", "", *rows])], "PNG"))
    assert result.markdown == (
        f"{' '.join(RETURNS)}\n\n"
        "| Part | Price | Warranty |\n| --- | --- | --- |\n"
        "| Lid | 4.50 | 12 months |\n| Handle | 12.00 | 24 months |"
    )


@pytest.mark.parametrize("degrees", [90, 180, 270, 2])
def test_a_page_laid_in_the_wrong_way_is_read(tmp_path: Path, degrees: int) -> None:
    turned = page(RETURNS * 2).rotate(degrees, expand=True, fillcolor="white")
    result = read(tmp_path, "a.png", saved([turned], "PNG"))
    assert result.markdown == " ".join(RETURNS * 2)


def test_a_transparent_picture_is_read_as_it_is_shown(tmp_path: Path) -> None:
    opaque = page(RETURNS)
    clear = Image.new("RGBA", opaque.size, (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), mask=opaque.convert("L").point(lambda light: 255 - light))
    assert read(tmp_path, "a.png", saved([clear], "PNG")).markdown == " ".join(RETURNS)


# -- What cannot be read --------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["a.png", "a.pdf"])
def test_a_writing_that_is_not_covered_needs_ocr(tmp_path: Path, name: str) -> None:
    content = saved([page(RUSSIAN)], "PNG") if name == "a.png" else scanned_pdf(RUSSIAN)
    error = refusal(tmp_path, name, content)
    assert error.code == "needs_ocr"
    assert "needs OCR" in str(error)
    assert "Latin letters, in Chinese and in Japanese" in str(error)


def test_a_page_that_is_not_covered_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    result = read(tmp_path, "a.pdf", scanned_pdf(RETURNS, RUSSIAN))
    assert result.markdown == " ".join(RETURNS)
    assert codes(result) == [("ocr_used", 1), ("needs_ocr", 2)]
    assert result.scanned_pages == [1]


def test_accented_letters_are_covered(tmp_path: Path) -> None:
    lines = ["Die Rückgabe ist möglich.", "Zboží lze vrátit do čtrnácti dnů.", "L’été à Orléans."]
    result = read(tmp_path, "a.png", saved([page(lines)], "PNG"))
    assert result.warnings[0].code == "ocr_used"
    for word in ("Rückgabe", "möglich", "čtrnácti", "été", "Orléans"):
        assert word in result.markdown


def test_a_picture_without_text_says_so(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a.png", saved([page([])], "PNG")).code == "no_text"


def test_half_a_picture_is_damaged(tmp_path: Path) -> None:
    content = saved([page(RETURNS)], "PNG")
    assert refusal(tmp_path, "a.png", content[: len(content) // 2]).code == "damaged"


def test_a_picture_of_more_points_than_fit_the_memory_is_refused(tmp_path: Path) -> None:
    bomb = saved([Image.new("1", (20_000, 20_000))], "PNG")
    assert len(bomb) < 100_000
    assert refusal(tmp_path, "a.png", bomb).code == "too_large"


def test_pages_that_there_is_no_time_for_are_named(tmp_path: Path) -> None:
    result = read(tmp_path, "a.pdf", _mixed(), Limits(seconds=0))
    assert codes(result) == [("ocr_unfinished", 2)]


def _mixed() -> bytes:
    document = pypdfium2.PdfDocument(pdf([["This page has text."]]))
    document.import_pages(pypdfium2.PdfDocument(scanned_pdf(RETURNS)))
    return _bytes_of(document)


def _with_text(content: bytes, text: str) -> bytes:
    """The PDF with a line of text on its first page."""
    raw = pypdfium2.raw
    document = pypdfium2.PdfDocument(content)
    first = document[0]
    written = raw.FPDFPageObj_NewTextObj(document.raw, b"Helvetica", 12.0)
    letters = (text + "\0").encode("utf-16-le")
    units = (raw.FPDF_WCHAR * (len(letters) // 2)).from_buffer_copy(letters)
    raw.FPDFText_SetText(written, units)
    raw.FPDFPageObj_Transform(written, 1, 0, 0, 1, 10, 10)
    raw.FPDFPage_InsertObject(first.raw, written)
    first.gen_content()
    return _bytes_of(document)


def _bytes_of(document: pypdfium2.PdfDocument) -> bytes:
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


# -- The process ----------------------------------------------------------------------------------
def test_progress_counts_the_scanned_pages(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(scanned_pdf(["One."], ["Two."]))
    seen: list[tuple[int, int]] = []
    read_in_process(path, path.name, Limits(), lambda *pages: seen.append(pages))
    assert seen == [(0, 2), (1, 2), (2, 2)]


def test_who_waits_can_end_the_reading_between_two_pages(tmp_path: Path) -> None:
    class EnoughError(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done:
            raise EnoughError

    path = tmp_path / "a.pdf"
    path.write_bytes(scanned_pdf(["One."], ["Two."], ["Three."]))
    with pytest.raises(EnoughError):
        read_in_process(path, path.name, Limits(), stop)
    assert read_in_process(path, path.name, Limits()).markdown == "One.\n\nTwo.\n\nThree."
    stop_reader()


def test_a_book_without_scans_tells_no_progress(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    with told_to(lambda *pages: seen.append(pages)):
        read(tmp_path, "a.pdf", pdf([["One."], ["Two."]]))
    assert seen == []


# -- Tesseract ------------------------------------------------------------------------------------
@pytest.mark.skipif(tesseract.find_languages("eng") is None, reason="Tesseract is not installed")
def test_tesseract_reads_where_it_is_configured(tmp_path: Path) -> None:
    result = read(tmp_path, "a.pdf", scanned_pdf(RETURNS), Limits(ocr_languages="eng"))
    assert RETURNS[0] in result.markdown
    assert codes(result) == [("ocr_used", 1)]


@pytest.mark.parametrize(
    ("installed", "wanted", "found"),
    [
        (["eng", "rus"], "rus+eng", "rus+eng"),
        (["eng"], "rus+eng", "eng"),
        (["eng"], "rus", None),
        (["eng"], "", None),
    ],
)
def test_only_installed_languages_are_asked_of_tesseract(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    installed: Sequence[str],
    wanted: str,
    found: str | None,
) -> None:
    for language in installed:
        (tmp_path / f"{language}.traineddata").touch()
    monkeypatch.setattr(tesseract, "_FOLDERS", ())
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    assert tesseract.find_languages(wanted) == found
    assert os.environ["TESSDATA_PREFIX"] == str(tmp_path)
