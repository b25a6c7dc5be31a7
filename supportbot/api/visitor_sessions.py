"""Who a visitor is: tokens for new ones, for those who come back and for customers who have signed
in, and the end of all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from supportbot.answers.voice import is_offered
from supportbot.api import visitor_tokens
from supportbot.api.authentication import customer_of
from supportbot.api.identity import accept_identity, read_identity
from supportbot.api.limits import check_visitor
from supportbot.api.visitors import VisitorView
from tickets.models import Customer
from tickets.services.conversations import (
    register_visitor,
    signed_in_customer,
    take_conversations,
)
from tickets.services.sign_out import sign_out


class VisitorRequest(serializers.Serializer[Any]):
    refresh_token = serializers.CharField(required=False, allow_blank=True, max_length=500)
    return_token = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=500,
        help_text="Of the link in an e-mail, back to the visitor's conversations.",
    )
    identity = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=4000,
        help_text="Signed by the company's server, for a customer who has signed in there.",
    )
    session = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=100,
        help_text="A random text that the browser keeps: sites that take an identity once take it "
        "again from the same one.",
    )
    proof = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=1000,
        help_text="The answer to the challenge of a 428, in ALTCHA's format: base64 of JSON.",
    )


class VisitorResponse(serializers.Serializer[Any]):
    visitor_id = serializers.UUIDField()
    token = serializers.CharField()
    expires_at = serializers.DateTimeField()
    refresh_token = serializers.CharField()
    offers = serializers.ListField(
        child=serializers.CharField(),
        help_text="What is set up here: `voice`, `mail`, and "
        "`mail_known` where nobody need be asked for an address.",
    )


class ProofNeeded(serializers.Serializer[Any]):
    code = serializers.ChoiceField(["proof_needed", "proof_refused"])
    detail = serializers.CharField()
    reason = serializers.ChoiceField(
        ["wrong", "expired", "used", "other_site"], required=False, help_text="of a refusal"
    )
    challenge = serializers.DictField(
        help_text="ALTCHA's: find the number up to `maxNumber` whose SHA-256, after `salt`, is "
        "`challenge`."
    )


class VisitorsView(APIView):
    """A token for a new visitor, for one who comes back, or for a customer who has signed in."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes: tuple[type[BaseThrottle], ...] = ()

    @extend_schema(request=VisitorRequest, responses={201: VisitorResponse, 428: ProofNeeded})
    def post(self, request: Request) -> Response:
        body = VisitorRequest(data=request.data)
        body.is_valid(raise_exception=True)
        if body.validated_data.get("identity"):
            customer, tokens = _signed_in(request, body.validated_data)
            kept = body.validated_data.get("refresh_token", "")
            if kept and (visitor := _owner_of(kept, visitor_tokens.read_refresh_token)):
                take_conversations(of=visitor, to=customer)
        else:
            known = _known_visitor(body.validated_data)
            check_visitor(request, known, body.validated_data.get("proof", ""))
            customer = known or register_visitor()
            tokens = visitor_tokens.issue(customer.pk)
        data = {"visitor_id": customer.pk, **vars(tokens), "offers": offers(customer)}
        return Response(VisitorResponse(data).data, status=201)


def offers(customer: Customer) -> list[str]:
    """What the widget may show a button for."""
    is_known = customer.external_id is not None and bool(customer.email)
    mail = settings.MAIL.sends
    offered = {"voice": is_offered(), "mail": mail, "mail_known": mail and is_known}
    return [name for name, is_set_up in offered.items() if is_set_up]


@transaction.atomic  # whoever is over a limit has not used their identity
def _signed_in(
    request: Request, said: dict[str, Any]
) -> tuple[Customer, visitor_tokens.VisitorTokens]:
    identity = read_identity(said["identity"], origin=request.headers.get("Origin", ""))
    accept_identity(identity, session=said.get("session", ""))
    customer = signed_in_customer(
        external_id=identity.external_id, name=identity.name, email=identity.email
    )
    check_visitor(request, customer)
    return customer, visitor_tokens.issue_signed_in(customer.pk, identity.audience)


def _known_visitor(said: dict[str, Any]) -> Customer | None:
    """By the link in an e-mail, if it is good, else by what the browser has kept."""
    returning, kept = said.get("return_token", ""), said.get("refresh_token", "")
    return (
        _owner_of(returning, visitor_tokens.read_return_token) if returning else None
    ) or _owner_of(kept, visitor_tokens.read_refresh_token)


def _owner_of(token: str, read: Callable[[str], UUID]) -> Customer | None:
    try:
        known = read(token)
    except visitor_tokens.BadTokenError:
        return None  # an old visitor whose token has expired starts anew
    # Who has signed in is said by the company's server alone.
    customer = Customer.objects.filter(pk=known, external_id=None).first()
    if customer is None or visitor_tokens.was_revoked(token, customer):
        return None
    return customer


class SignOutView(VisitorView):
    """Forget this visitor: no token they were given until now is good any more, on any device."""

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        sign_out(customer=customer_of(request))
        return Response(status=204)
