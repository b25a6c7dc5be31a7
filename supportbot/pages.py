"""The demo page at `/`: a plain shop page with the widget on it, as a customer's site would be."""

from __future__ import annotations

import functools
import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from supportbot.local.seeding import DEMO_FOLDER


@functools.cache
def _demo() -> dict[str, Any]:
    demo: dict[str, Any] = json.loads((DEMO_FOLDER / "collection.json").read_text("utf-8"))
    return demo


def demo_page(request: HttpRequest) -> HttpResponse:
    demo = _demo()
    return render(
        request,
        "demo.html",
        {
            "company": demo["company"],
            "greeting": demo["greeting"],
            "suggestions": demo["suggestions"],
            "origin": request.build_absolute_uri("/").rstrip("/"),
        },
    )
