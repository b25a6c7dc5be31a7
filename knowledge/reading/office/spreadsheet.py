"""XLSX and XLS → Markdown."""

from __future__ import annotations

import contextlib
import io
import itertools
import warnings
from pathlib import Path

import openpyxl
import xlrd
from openpyxl.cell.cell import MergedCell
from openpyxl.worksheet.worksheet import Worksheet

from knowledge.reading.archives import Archive
from knowledge.reading.office.number_format import show_value
from knowledge.reading.office.sheet_blocks import Sheet, render_sheets
from knowledge.reading.result import Extract, Limits


def read(path: Path, kind: str, limits: Limits) -> Extract:
    """Raises UnreadableFileError; and anything on a file that Excel reads, for the libraries check
    more than they have to."""
    return _read_new(path) if kind == "xlsx" else _read_old(path)


def _read_new(path: Path) -> Extract:
    with Archive(path, "xlsx") as archive:
        archive.check_all()
    with warnings.catch_warnings(), path.open("rb") as content:
        # About what it does not keep when it saves, which nobody asks of it.
        warnings.simplefilter("ignore")
        workbook = openpyxl.load_workbook(content, data_only=True, keep_links=False)
        return render_sheets([_sheet(sheet) for sheet in workbook.worksheets])


def _sheet(worksheet: Worksheet) -> Sheet:
    sheet = Sheet(worksheet.title, hidden=worksheet.sheet_state != "visible")
    if sheet.hidden:
        return sheet
    merged = {(area.min_row, area.min_col): area for area in worksheet.merged_cells.ranges}
    # Not iter_rows: it makes every empty cell up to the last filled one, in both directions.
    for (row, column), cell in list(worksheet._cells.items()):
        if cell.value is None or isinstance(cell, MergedCell):
            continue
        text = show_value(cell.value, cell.number_format).strip()
        area = merged.get((row, column))
        down, right = (1, 1) if area is None else (area.size["rows"], area.size["columns"])
        if text:
            sheet.put(row, column, text, down, right)
    return sheet


def _read_old(path: Path) -> Extract:
    workbook = xlrd.open_workbook(
        str(path), formatting_info=True, ragged_rows=True, logfile=io.StringIO()
    )
    return render_sheets([_old_sheet(workbook, sheet) for sheet in workbook.sheets()])


def _old_sheet(workbook: xlrd.Book, worksheet: xlrd.sheet.Sheet) -> Sheet:
    sheet = Sheet(worksheet.name, hidden=worksheet.visibility != 0)
    merged = {
        (top, left): (bottom - top, right - left)
        for top, bottom, left, right in worksheet.merged_cells
    }
    covered = {
        place
        for (top, left), (down, right) in merged.items()
        for place in itertools.product(range(top, top + down), range(left, left + right))
        if place != (top, left)
    }
    for row in range(worksheet.nrows):
        for column, cell in enumerate(worksheet.row(row)):
            if (row, column) not in covered and (text := _show_old(workbook, cell).strip()):
                sheet.put(row, column, text, *merged.get((row, column), (1, 1)))
    return sheet


def _show_old(workbook: xlrd.Book, cell: xlrd.sheet.Cell) -> str:
    value = cell.value
    if cell.ctype == xlrd.XL_CELL_DATE:
        with contextlib.suppress(xlrd.xldate.XLDateError):
            value = xlrd.xldate_as_datetime(value, workbook.datemode)
    elif cell.ctype == xlrd.XL_CELL_BOOLEAN:
        value = bool(value)
    elif cell.ctype == xlrd.XL_CELL_ERROR:
        value = xlrd.error_text_from_code.get(value, "")
    elif cell.ctype == xlrd.XL_CELL_NUMBER and float(value).is_integer():
        value = int(value)
    form = workbook.format_map.get(workbook.xf_list[cell.xf_index].format_key)
    return show_value(value, "General" if form is None else form.format_str)
