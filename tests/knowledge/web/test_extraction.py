from __future__ import annotations

import re

import pytest

from knowledge.web.extraction import (
    MOST_HTML_BYTES,
    Extracted,
    ExtractionError,
    extract_page,
    forbids_taking,
)
from knowledge.web.fetching import Fetched

AROUND = """
<div class="cookie-consent"><p>We use cookies.</p><button>Accept</button></div>
<header class="site-header"><a href="/">Northwind</a><nav><a href="/sale">Sale</a></nav></header>
{body}
<aside class="sidebar"><ul><li><a href="/x">Related</a></li></ul></aside>
<footer><p>All rights reserved</p></footer>
<script>track("me")</script>
"""
FURNITURE = ["cookies", "Accept", "Northwind", "Sale", "Related", "All rights", "track"]


def answer(
    html: str | bytes, *, url: str = "https://shop.example/help/returns", **fields: str
) -> Fetched:
    content = html.encode() if isinstance(html, str) else html
    values = {"charset": "", "robots_tag": "", **fields}
    return Fetched(
        url=url,
        not_modified=False,
        content=content,
        media_type="text/html",
        etag="",
        last_modified="",
        **values,
    )


def extract(body: str, head: str = "", lang: str = "en", **fields: str) -> Extracted:
    page = AROUND.format(body=body)
    return extract_page(
        answer(
            f"<!doctype html><html lang='{lang}'><head><title>Returns | Northwind</title>{head}"
            f"</head><body>{page}</body></html>",
            **fields,
        )
    )


@pytest.mark.parametrize("around", ["<main>{}</main>", "<article>{}</article>", "<div>{}</div>"])
def test_the_pages_own_text_stays_and_its_furniture_goes(around: str) -> None:
    text = (
        "<h1>Returns</h1><p>Send it back within 30 days.</p><h2>You need</h2>"
        "<ul><li>the label</li><li>the box<ul><li>any size</li></ul></li></ul>"
        "<table><tr><th>Country</th><th>Price</th></tr><tr><td>France</td><td>£12.40</td></tr>"
        "</table><p>Faulty? <a href='/faulty'>We pay the postage</a>.</p>"
    )
    markdown = extract(around.format(text)).markdown
    assert re.sub(r"\n +- ", "\n  - ", markdown) == (
        "# Returns\n\nSend it back within 30 days.\n\n## You need\n\n"
        "- the label\n- the box\n  - any size\n\n"
        "| Country | Price |\n| --- | --- |\n| France | £12.40 |\n\n"
        "Faulty? We pay the postage."
    )


@pytest.mark.parametrize(
    "question",
    [
        "<details><summary>How long?</summary><p>Three weeks.</p></details>",
        "<h2><button aria-expanded='false'>How long?</button></h2><div hidden>Three weeks.</div>",
        "<button aria-controls='a'>How long?</button><div style='display:none'>Three weeks.</div>",
        "<dl><dt>How long?</dt><dd>Three weeks.</dd></dl>",
    ],
)
def test_an_answer_that_opens_on_a_click_is_read(question: str) -> None:
    markdown = extract(f"<main><h1>Repairs</h1>{question}<button>Send</button></main>").markdown
    assert "How long?" in markdown
    assert "Three weeks." in markdown
    assert "Send" not in markdown


def test_a_page_that_is_one_form_is_read_and_a_small_form_is_not() -> None:
    text = "<p>Send it back within 30 days, unworn and in its box, with the label on it.</p>"
    assert "30 days" in extract(f"<form><h1>Returns</h1>{text}</form>").markdown
    small = "<form><label>Your e-mail</label><input></form>"
    assert "e-mail" not in extract(f"<main><h1>Returns</h1>{text}{small}</main>").markdown


def test_a_wrapper_that_is_named_like_navigation_is_read() -> None:
    text = "<p>Send it back within 30 days.</p>"
    assert "30 days" in extract(f"<div class='header menu'><h1>R</h1>{text}</div>").markdown


def test_two_articles_on_a_page_are_both_read() -> None:
    markdown = extract("<article><h2>A</h2>One</article><article><h2>B</h2>Two</article>").markdown
    assert "One" in markdown
    assert "Two" in markdown
    assert not [word for word in FURNITURE if word in markdown]


def test_signs_that_link_to_headings_go() -> None:
    markdown = extract("<main><h1>Returns <a href='#r'>¶</a></h1><p>Text</p></main>").markdown
    assert markdown == "# Returns\n\nText"


@pytest.mark.parametrize(
    ("head", "body", "title"),
    [
        ("", "<main><h1> Our\n returns </h1>x</main>", "Our returns"),
        ("<meta property='og:title' content='Sending back'>", "<main>x</main>", "Sending back"),
        ("", "<main>x</main>", "Returns | Northwind"),
        ("", "<main><h1>One</h1>x<h1>Two</h1>y</main>", "Returns | Northwind"),
    ],
)
def test_a_page_has_a_title(head: str, body: str, title: str) -> None:
    assert extract(body, head).title == title


@pytest.mark.parametrize(
    ("href", "canonical"),
    [
        ("https://shop.example/returns", "https://shop.example/returns"),
        ("/returns#top", "https://shop.example/returns"),
        ("https://www.shop.example/returns", "https://www.shop.example/returns"),
        ("https://evil.example/returns", "https://shop.example/help/returns"),
        ("https://shop.example/", "https://shop.example/help/returns"),
        ("javascript:x", "https://shop.example/help/returns"),
        ("", "https://shop.example/help/returns"),
    ],
)
def test_a_page_says_its_address_on_its_own_host(href: str, canonical: str) -> None:
    page = extract("<main>x</main>", f"<link rel='canonical' href='{href}'>")
    assert page.canonical_url == canonical


def test_without_a_word_about_it_the_address_is_where_it_was_found() -> None:
    assert extract("<main>x</main>").canonical_url == "https://shop.example/help/returns"


@pytest.mark.parametrize(
    ("lang", "locale"), [("de", "de"), ("pt_BR", "pt-BR"), ("?", ""), ("", "")]
)
def test_a_page_says_its_language(lang: str, locale: str) -> None:
    assert extract("<main>x</main>", lang=lang).locale == locale


@pytest.mark.parametrize(
    ("name", "content", "forbidden"),
    [
        ("robots", "noindex", True),
        ("ROBOTS", "nofollow, NoIndex", True),
        ("robots", "none", True),
        ("supportbot", "noindex", True),
        ("otherbot", "noindex", False),
        ("robots", "index, follow", False),
        ("robots", "nofollow", False),
    ],
)
def test_a_page_that_asks_not_to_be_taken_is_not(name: str, content: str, forbidden: bool) -> None:
    page = extract("<main>secret</main>", f"<meta name='{name}' content='{content}'>")
    assert page.noindex is forbidden
    assert ("secret" in page.markdown) is not forbidden


@pytest.mark.parametrize(
    ("header", "forbidden"),
    [
        ("noindex", True),
        ("nofollow, noindex", True),
        ("supportbot: noindex", True),
        ("otherbot: noindex", False),
        ("", False),
    ],
)
def test_the_header_says_the_same(header: str, forbidden: bool) -> None:
    assert forbids_taking(header) is forbidden
    assert extract("<main>x</main>", robots_tag=header).noindex is forbidden


@pytest.mark.parametrize(
    ("encoding", "charset", "head"),
    [
        ("utf-8", "", ""),
        ("utf-8", "utf-8", ""),
        ("windows-1252", "windows-1252", ""),
        ("windows-1252", "", "<meta charset='windows-1252'>"),
        (
            "shift_jis",
            "",
            "<meta http-equiv='Content-Type' content='x; charset=shift_jis'>",
        ),
        ("utf-8", "no-such-charset", ""),
    ],
)
def test_letters_come_out_right(encoding: str, charset: str, head: str) -> None:
    text = "返品は三十日以内" if encoding == "shift_jis" else "Rücksendung für 4,90 EUR, größer"
    html = f"<html><head>{head}</head><body><main><p>{text}</p></main></body></html>"
    page = extract_page(answer(html.encode(encoding), charset=charset))
    assert page.markdown == text


@pytest.mark.parametrize(
    "html",
    [
        "",
        "   ",
        "<html><body></body></html>",
        "<html><body><div id='root'></div><script>draw()</script></body></html>",
        "<nav><a href='/'>Home</a></nav>",
    ],
)
def test_a_page_without_text_is_an_error_with_a_reason(html: str) -> None:
    with pytest.raises(ExtractionError) as caught:
        extract_page(answer(html))
    assert str(caught.value).endswith(".")


def test_too_much_html_is_refused() -> None:
    with pytest.raises(ExtractionError, match="larger"):
        extract_page(answer(b"<p>" + b"x" * MOST_HTML_BYTES))


def test_deep_nesting_takes_nobody_down() -> None:
    html = "<div>" * 100_000 + "deep" + "</div>" * 100_000 + "<p>Text</p>"
    try:
        extract_page(answer(html))
    except ExtractionError as error:
        assert str(error).endswith(".")


def test_nothing_that_runs_comes_through() -> None:
    body = (
        "<main><p onclick='x()'>Text <img src='x' onerror='alert(1)'><script>alert(2)</script>"
        "<a href='javascript:alert(3)'>link</a></p><iframe src='https://evil.example'></iframe></main>"
    )
    assert extract(body).markdown == "Text link"
