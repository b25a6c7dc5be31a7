"""Numbers of cards, accounts and people, by their form and their check digits.

A number of bare digits with one check digit is right by chance once in ten times. Such numbers
count only where a word before them says what they are; those whose form alone leaves no doubt count
everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import stdnum.be.nn
import stdnum.br.cpf
import stdnum.ca.sin
import stdnum.ch.ssn
import stdnum.cn.ric
import stdnum.de.idnr
import stdnum.es.dni
import stdnum.es.nie
import stdnum.fi.hetu
import stdnum.fr.nir
import stdnum.gb.nhs
import stdnum.iban
import stdnum.imei
import stdnum.in_.aadhaar
import stdnum.in_.pan
import stdnum.it.codicefiscale
import stdnum.kr.rrn
import stdnum.luhn
import stdnum.mx.curp
import stdnum.nl.bsn
import stdnum.no.fodselsnummer
import stdnum.pl.pesel
import stdnum.pt.nif
import stdnum.ro.cnp
import stdnum.se.personnummer
import stdnum.tr.tckimlik
import stdnum.us.itin
import stdnum.us.ssn
import stdnum.za.idnr

from supportbot.guardrails.detectors.personal_data.types import (
    BIRTH_DATE,
    CARD,
    CARD_CODE,
    IBAN,
    IMEI,
    LICENCE,
    NATIONAL_ID,
    PASSPORT,
    SPACE,
    SSN,
    Found,
)

_GROUP = rf"(?:{SPACE}|-)"
_CARD = re.compile(
    rf"(?<![\w.,+-])(?P<first>\d{{12,19}}|\d{{4}}(?:{_GROUP}\d{{4}}){{2,3}}"
    rf"|\d{{4}}{_GROUP}\d{{6}}{_GROUP}\d{{4,5}})(?:{_GROUP}\d{{1,3}})?(?!\w|[.,/-]\d)"
)
# Digits that a brand's numbers begin with → how many digits they have.
_BRANDS = (
    (re.compile("4"), {13, 16, 19}),
    (re.compile("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), {16}),
    (re.compile("3[47]"), {15}),
    (re.compile("6011|64[4-9]|65|62|81"), {16, 19}),
    (re.compile("35(?:2[89]|[3-8])"), {16}),
    (re.compile("30[0-5]|3[689]"), {14}),
    (re.compile("220[0-4]|6(?:0|2|7)|5[0678]"), {16}),
)
_SAYS_CARD = re.compile(
    r"\b(?:card|karte|carte|tarjeta|carta|cc|visa|master|maestro|amex)\b|paid with", re.IGNORECASE
)
_GOES_ON = re.compile(rf"{_GROUP}\d{{1,4}}(?![\d/])")
_IBAN = re.compile(
    rf"(?<![^\W_])[A-Z]{{2}}{SPACE}?\d{{2}}(?:(?:{SPACE}|-)?[A-Z0-9]){{11,30}}", re.IGNORECASE
)
_LEAST_IBAN = 15
_BEFORE = 30  # characters that are read before a number


def cards(text: str) -> Iterator[Found]:
    """Numbers that a known brand could have, or behind a word for a card, any of its length."""
    for found in _CARD.finditer(text):
        for end in dict.fromkeys((found.end(), found.end("first"))):
            if _is_card(text, found.start(), end):
                yield Found(found.start(), end, CARD)
                break


def _is_card(text: str, start: int, end: int) -> bool:
    number = text[start:end]
    digits = re.sub(r"\D", "", number)
    if not stdnum.luhn.is_valid(digits):
        return False
    is_part = digits != number and _GOES_ON.match(text, end)
    says_card = _SAYS_CARD.search(text, max(0, start - _BEFORE), start)
    return bool(says_card) or (_is_of_brand(digits) and not is_part)


def _is_of_brand(digits: str) -> bool:
    return any(len(digits) in lengths and start.match(digits) for start, lengths in _BRANDS)


def ibans(text: str) -> Iterator[Found]:
    """The longest part of each that has the length and check digits of its country."""
    for found in _IBAN.finditer(text):
        for end in _ends(found):
            if stdnum.iban.is_valid(found[0][:end].replace("\u00a0", " ").replace("\u202f", " ")):
                yield Found(found.start(), found.start() + end, IBAN)
                break


def _ends(found: re.Match[str]) -> Iterator[int]:
    """Where the number may end: at the end of a word, the longest first."""
    for end in range(len(found[0]), _LEAST_IBAN - 1, -1):
        after = found.string[found.start() + end : found.start() + end + 1]
        if not (after.isalnum() or after == "_"):
            yield end


Check = Callable[[str], bool]

# Their form and check digits leave no doubt.
_UNMISTAKABLE: tuple[tuple[str, str, Check], ...] = (
    (SSN, r"\d{3}([- ])\d{2}\1\d{4}", stdnum.us.ssn.is_valid),
    (NATIONAL_ID, r"9\d{2}-\d{2}-\d{4}", stdnum.us.itin.is_valid),
    (NATIONAL_ID, r"\d{3}\.\d{3}\.\d{3}-\d{2}", stdnum.br.cpf.is_valid),
    (NATIONAL_ID, r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", stdnum.be.nn.is_valid),
    (NATIONAL_ID, r"756\.?\d{4}\.?\d{4}\.?\d{2}", stdnum.ch.ssn.is_valid),
    (NATIONAL_ID, r"\d{6}[-+A]\d{3}[0-9A-Y]", stdnum.fi.hetu.is_valid),
    (NATIONAL_ID, r"(?:\d{2})?\d{6}[-+]\d{4}", stdnum.se.personnummer.is_valid),
    (
        NATIONAL_ID,
        r"[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}",
        stdnum.fr.nir.is_valid,
    ),
    (NATIONAL_ID, r"[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]", stdnum.it.codicefiscale.is_valid),
    (NATIONAL_ID, r"[A-Z]{4}\d{6}[HM][A-Z]{5}[0-9A-Z]\d", stdnum.mx.curp.is_valid),
    (NATIONAL_ID, r"\d{17}[\dX]", stdnum.cn.ric.is_valid),
    (NATIONAL_ID, r"\d{6}-\d{7}", stdnum.kr.rrn.is_valid),
    (PASSPORT, r"P<[A-Z]{3}[A-Z<]{39}", lambda _: True),
)

_ID = r"national id|identity (?:card|number)|id card|personal (?:id|identification)|ausweis"
_TAX = r"steuer-?id|steueridentifikationsnummer|idnr|tax (?:id|number)|\btin"
# A word before them says what they are.
_NAMED: tuple[tuple[str, str, str, Check], ...] = (
    (SSN, r"ssn|social security", r"\d{9}", stdnum.us.ssn.is_valid),
    (NATIONAL_ID, r"cpf", r"\d{11}", stdnum.br.cpf.is_valid),
    (NATIONAL_ID, r"pan", r"[A-Z]{5}\d{4}[A-Z]", stdnum.in_.pan.is_valid),
    (NATIONAL_ID, rf"nie|{_ID}", r"[XYZ]-?\d{7}-?[A-Z]", stdnum.es.nie.is_valid),
    (NATIONAL_ID, rf"dni|nif|{_ID}", r"\d{8}-?[A-Z]", stdnum.es.dni.is_valid),
    (
        NATIONAL_ID,
        r"national insurance|ni (?:no|number)|nino",
        r"[A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]",
        lambda _: True,
    ),
    (NATIONAL_ID, r"nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}", stdnum.gb.nhs.is_valid),
    (NATIONAL_ID, r"sin|social insurance", r"\d{3}[ -]?\d{3}[ -]?\d{3}", stdnum.ca.sin.is_valid),
    (NATIONAL_ID, _TAX, r"\d{2} ?\d{3} ?\d{3} ?\d{3}", stdnum.de.idnr.is_valid),
    (NATIONAL_ID, r"aadhaa?r", r"\d{4}[ -]?\d{4}[ -]?\d{4}", stdnum.in_.aadhaar.is_valid),
    (NATIONAL_ID, r"bsn|burgerservicenummer", r"\d{9}", stdnum.nl.bsn.is_valid),
    (
        NATIONAL_ID,
        rf"f[oø]dselsnummer|personnummer|{_ID}",
        r"\d{6} ?\d{5}",
        stdnum.no.fodselsnummer.is_valid,
    ),
    (NATIONAL_ID, r"cpr", r"\d{6}-?\d{4}", lambda _: True),
    (NATIONAL_ID, r"pesel", r"\d{11}", stdnum.pl.pesel.is_valid),
    (NATIONAL_ID, r"nif|contribuinte", r"\d{9}", stdnum.pt.nif.is_valid),
    (NATIONAL_ID, r"cnp", r"\d{13}", stdnum.ro.cnp.is_valid),
    (NATIONAL_ID, r"kimlik|tckn", r"\d{11}", stdnum.tr.tckimlik.is_valid),
    (NATIONAL_ID, _ID, r"\d{13}", stdnum.za.idnr.is_valid),
    (
        PASSPORT,
        r"passport|reisepass|passeport|pasaporte|passaporto",
        r"(?=[A-Z]*\d{4})[A-Z0-9]{6,10}",
        lambda _: True,
    ),
    (
        LICENCE,
        r"driv(?:er|ing)['’]?s? ?licen[cs]e|f[uü]hrerschein|permis de conduire",
        r"(?=[A-Z]*\d{3})[A-Z0-9]{6,16}",
        lambda _: True,
    ),
    (IMEI, r"imei", r"\d{15}", stdnum.imei.is_valid),
    (CARD_CODE, r"cv[vc]2?|security code", r"\d{3,4}", lambda _: True),
    (
        BIRTH_DATE,
        r"born|date of birth|dob|birth ?da(?:y|te)|geboren|geburtsdatum|née? le|nacid[oa]",
        r"(?:\d{1,4}[-./]\d{1,2}[-./]\d{1,4}|\d{1,2}\.? [^\W\d]{3,9}\.? \d{4})",
        lambda _: True,
    ),
)
# What may stand between the word and the number.
_BETWEEN = (
    r"(?:\W{1,3}(?:number|no|nr|num|nummer|numéro|número|id|code|card|is|was|it|s|my|the|her|his"
    r"|their|on|of|ist|am|lautet|est|es|el|le|de)\b){0,6}\W{1,4}"
)
_unmistakable = tuple(
    (kind, re.compile(rf"(?<![\w.-]){form}(?![\w-])", re.IGNORECASE), is_valid)
    for kind, form, is_valid in _UNMISTAKABLE
)
_named = tuple(
    (
        kind,
        re.compile(rf"(?<!\w)(?:{words}){_BETWEEN}(?P<number>{form})(?![\w-])", re.IGNORECASE),
        is_valid,
    )
    for kind, words, form, is_valid in _NAMED
)
_words = re.compile("|".join(sorted({words for _, words, _, _ in _NAMED})), re.IGNORECASE)


def identifiers(text: str) -> Iterator[Found]:
    """Numbers that a state or a maker of devices gives, and days of birth."""
    for kind, pattern, is_valid in _unmistakable:
        for found in pattern.finditer(text):
            if is_valid(found[0].upper()):
                yield Found(*found.span(), kind)
    if not _words.search(text):
        return
    for kind, pattern, is_valid in _named:
        for found in pattern.finditer(text):
            if is_valid(found["number"].upper()):
                yield Found(*found.span("number"), kind)
