"""Numbers of telephones.

Digits alone say little: an order has a number too. A number counts if its form is one that only
telephones have, or if a word beside it says so. “Order number”, “tracking” and the like before it
say that it is none, unless it has a country's code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers

from supportbot.guardrails.detectors.personal_data.types import PHONE, SPACE, Found

_GAP = rf"(?:{SPACE}|[.\-\u2010\u2011\u2013/])"
_NUMBER = re.compile(
    rf"(?<![\w@#/-])(?<!\d[.,])\(?(?:\+{SPACE}?)?\(?\d(?:{_GAP}{{0,2}}[()]{{0,2}}{_GAP}?\d){{5,17}}"
    rf"(?:{SPACE}?(?:x|ext\.?|extension|durchwahl|poste){SPACE}?\d{{1,6}})?(?!\w|[.,/:-]\d)",
    re.IGNORECASE,
)
_SAYS_PHONE = re.compile(
    r"\b(?:phone|telephone|tel|call(?:ed|ing)?|ring|dial|mobile|cell|fax|whats ?app|sms|text|reach"
    r"|answer(?:ing)? at|contact|handy|ruf(?:nummer)?|telefon(?:nummer|isch)?|anruf(?:en)?"
    r"|erreichbar|erreichen|portable|téléphone|appele[rz]|joindre|móvil|celular|teléfono|llam(?:ar|e|en|a)"
    r"|cellulare|telefono|chiama(?:re|te|mi)?|telefone|ligar|gsm|hotline|helpline"
    r"|(?:my|new|his|her|our|other|meine|neue) (?:new )?n(?:umber|ummer)|mon numéro|mi número)\b",
    re.IGNORECASE,
)
_SAYS_PHONE_AFTER = re.compile(
    rf"{SPACE}?[-(,]?{SPACE}?\(?(?:office|fax|mobile|cell|home|work|phone|handy|privat)\b",
    re.IGNORECASE,
)
_SAYS_OTHER = re.compile(
    r"(?:\b(?:order|invoice|bill|receipt|tracking|parcel|shipment|package|delivery|consignment"
    r"|reference|ref|case|ticket|request|incident|sku|item|article|part|product|serial|model|modell"
    r"|version|firmware|build|imei|isbn|ean|upc|gtin|vin|customer|client|account|konto|member(?:ship)?"
    r"|policy|contract|booking|reservation|confirmation|transaction|transfer|payment|card|voucher"
    r"|coupon|gift|code|pin|otp|zip|postcode|plz|id|bestell(?:ung|nummer)|rechnung(?:snummer)?"
    r"|auftrag|kundennummer|sendungs(?:nummer|verfolgung)|commande|facture|colis|pedido|factura"
    r"|ordine|fattura|amount|total|price|sum|budget)|[#№$€£¥]|\b(?:usd|eur|gbp|chf))"
    r"(?:\W{1,3}(?:number|numbers|no|nr|num|nummer|numéro|número|id|code|is|was|are|ist|est|es|the"
    r"|my|of|with|name|n)\b){0,5}\W{0,4}$",
    re.IGNORECASE,
)
_AMOUNT_AFTER = re.compile(
    rf"{SPACE}?(?:[€$£¥%°]|(?:usd|eur|euros?|gbp|chf|dollars?|pounds?|[kmgt]b|k?g|[kcm]m|m?l|[ap]m"
    r"|ms|px|h|hours?|days?|years?|pieces|units)\b)",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?:(?:19|20)\d\d[-./ ](?:0?[1-9]|1[0-2])[-./ ](?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])[-./ ](?:0?[1-9]|[12]\d|3[01])[-./ ](?:19|20)\d\d"
    r"|(?:0?[1-9]|[12]\d|3[01])[-./](?:0?[1-9]|[12]\d|3[01])[-./]\d\d)(?: \d{1,2})*"
)
_YEARS = re.compile(r"(?:(?:19|20)\d\d|\d{1,2})\W{1,3}(?:19|20)\d\d")
_NORTH_AMERICAN = re.compile(r"\(\d{3}\) ?\d{3}[-. ]\d{4}|\d{3}([-. ])\d{3}\1\d{4}")
_AREA_CODE = re.compile(rf"\(\d{{2,5}}\){SPACE}?\d{{2,8}}(?:(?:{SPACE}|-)\d{{2,5}}){{1,4}}")
_ABROAD = re.compile(r"(?:\+|00(?=[1-9]))")
_NEXT = re.compile(r"[\s,;/]*(?:or|and|oder|und|ou|et|o|y)?[\s:,;/]*", re.IGNORECASE)
_MOST, _LEAST = 15, 6  # digits
_LEAST_BARE = 7  # without spaces or dashes, or not right behind the word
_LEAST_WITHOUT_WORD = 9
# What may stand between the word and the number.
_RIGHT_BEHIND = re.compile(
    r"\W*(?:(?:me|us|him|her|them|back|again|please|my|our|his|their|the|home|work|office|private"
    r"|mobile|phone|at|on|to|under|via|by|unter|mich|uns|au|al|le|is|ist|est|es|are|number|no|nr|num"
    r"|nummer)\b\W*){0,6}"
)
_LEADS_TO_NUMBER = re.compile(r"(?:\b(?:at|on|under|unter|au|al)|:)\W{0,3}$", re.IGNORECASE)
_CODE_BEFORE = re.compile(r"\b(?!TEL|FAX|GSM|MOB|CELL|PH|SMS|NO|NR)[A-Z]{2,5}[ -]?$")
_BEFORE, _AFTER = 40, 16  # characters that are read on either side
# Where a number that begins with 0 is tried, if no word says that it is a telephone's.
_REGIONS = ("GB", "DE", "FR", "IT", "NL", "BE", "CH", "AT", "SE", "AU")


def phones(text: str) -> Iterator[Found]:
    last = None
    for found in _NUMBER.finditer(text):
        is_next = last is not None and bool(_NEXT.fullmatch(text, last, found.start()))
        if _is_phone(text, found, is_next):
            last = found.end()
            yield Found(*found.span(), PHONE)


def _is_phone(text: str, found: re.Match[str], is_next: bool) -> bool:
    number, extension = _parts(found[0])
    digits = re.sub(r"\D", "", number)
    if not _LEAST <= len(digits) <= _MOST or number.count("(") != number.count(")"):
        return False
    if number.lstrip("(").startswith("+"):
        return _is_possible(number)
    before = text[max(0, found.start() - _BEFORE) : found.start()].rpartition("\n")[2]
    after = text[found.end() : found.end() + _AFTER].partition("\n")[0]
    if _is_other(number) or _is_said_to_be_other(before, after):
        return False
    if is_next or _SAYS_PHONE_AFTER.match(after):
        return digits != number or len(digits) >= _LEAST_BARE
    said = list(_SAYS_PHONE.finditer(before))
    belongs = bool(said) and _belongs(before[said[-1].end() :], digits)
    return belongs or _looks_like_phone(number, digits, extension)


def _belongs(between: str, digits: str) -> bool:
    """Whether a word for a telephone belongs to the number behind it."""
    if _RIGHT_BEHIND.fullmatch(between):
        return True
    return len(digits) >= _LEAST_BARE and bool(_LEADS_TO_NUMBER.search(between))


def _parts(number: str) -> tuple[str, str]:
    """The number and its extension."""
    cut = re.search(r"[a-z]", number, re.IGNORECASE)
    return (number[: cut.start()].strip(), number[cut.start() :]) if cut else (number, "")


def _is_said_to_be_other(before: str, after: str) -> bool:
    return bool(
        _SAYS_OTHER.search(before) or _CODE_BEFORE.search(before) or _AMOUNT_AFTER.match(after)
    )


def _is_other(number: str) -> bool:
    return bool(_DATE.fullmatch(number) or _YEARS.fullmatch(number))


def _looks_like_phone(number: str, digits: str, extension: str) -> bool:
    """By its form alone."""
    if _NORTH_AMERICAN.fullmatch(number) or _AREA_CODE.fullmatch(number):
        return True
    if number == digits:
        return False
    if _ABROAD.match(number):
        return _is_possible(f"+{digits[2:]}")
    if len(digits) < _LEAST_WITHOUT_WORD:
        return False
    return bool(extension) or (digits.startswith("0") and _is_valid_somewhere(digits))


def _is_possible(number: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number.replace("(+", "+(")))
    except phonenumbers.NumberParseException:
        return False


def _is_valid_somewhere(digits: str) -> bool:
    for region in _REGIONS:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(digits, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False
