"""Who speaks and who works on a ticket, over REST: each step is one call of a service."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from supportbot.api.authentication import agent_of
from supportbot.api.permissions import HasRight
from tickets.models import Conversation, Ticket
from tickets.services.assignment import assign_to_next
from tickets.services.availability import agents
from tickets.services.handover import give_back, return_to_queue, take_over
from tickets.services.timers import snooze, wake


class SpeakerResponse(serializers.Serializer[Any]):
    """Who speaks with the customer, and who has the ticket, after the step."""

    ticket = serializers.IntegerField()
    status = serializers.ChoiceField(Ticket.Status.choices)
    assignee = serializers.CharField(allow_null=True)
    snoozed_until = serializers.DateTimeField(allow_null=True)
    conversation = serializers.UUIDField()
    state = serializers.ChoiceField(Conversation.State.choices)
    agent = serializers.CharField(allow_null=True)


class StepView(APIView):
    """A step on a ticket that the caller may see."""

    permission_classes = (HasRight,)
    rights: ClassVar = {"POST": "tickets.change_ticket"}

    def ticket(self, request: Request, pk: str) -> Ticket:
        if not (pk.isascii() and pk.isdecimal()):
            raise Http404
        visible = Ticket.objects.visible_to(agent_of(request)).select_related("conversation")
        return get_object_or_404(visible, pk=int(pk))

    def told(self, pk: str) -> Response:
        ticket = Ticket.objects.select_related("conversation__agent", "assignee").get(pk=pk)
        conversation = ticket.conversation
        body = {
            "ticket": ticket.pk,
            "status": ticket.status,
            "assignee": ticket.assignee.username if ticket.assignee else None,
            "snoozed_until": ticket.snoozed_until,
            "conversation": conversation.pk,
            "state": conversation.state,
            "agent": conversation.agent.username if conversation.agent else None,
        }
        return Response(SpeakerResponse(body).data)


class TakeOverRequest(serializers.Serializer[Any]):
    instead_of = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=150,
        help_text="The agent who speaks now, as you know it; without it, a colleague is not "
        "taken over.",
    )


class TakeOverView(StepView):
    """Speak with the customer. Answers 409 if another agent does."""

    @extend_schema(request=TakeOverRequest, responses=SpeakerResponse)
    def post(self, request: Request, pk: str) -> Response:
        body = TakeOverRequest(data=request.data)
        body.is_valid(raise_exception=True)
        ticket, before = self.ticket(request, pk), body.validated_data.get("instead_of", "")
        take_over(
            conversation=ticket.conversation,
            agent=agent_of(request),
            instead_of=_agent(before) if before else None,
        )
        return self.told(pk)


def _agent(username: str) -> User:
    found = agents().filter(username=username).first()
    if found is None:
        raise ValidationError({"instead_of": ["There is no agent of this name."]})
    return found


class GiveBackView(StepView):
    """Let the bot answer again."""

    @extend_schema(request=None, responses=SpeakerResponse)
    def post(self, request: Request, pk: str) -> Response:
        give_back(conversation=self.ticket(request, pk).conversation, agent=agent_of(request))
        return self.told(pk)


class RequeueView(StepView):
    """Put the customer back into the queue."""

    @extend_schema(request=None, responses=SpeakerResponse)
    def post(self, request: Request, pk: str) -> Response:
        ticket = self.ticket(request, pk)
        return_to_queue(conversation=ticket.conversation, agent=agent_of(request))
        return self.told(pk)


class AssignNextView(StepView):
    """Give the ticket to whoever is free. Answers 409 if nobody is there."""

    @extend_schema(request=None, responses=SpeakerResponse)
    def post(self, request: Request, pk: str) -> Response:
        assign_to_next(ticket=self.ticket(request, pk), agent=agent_of(request))
        return self.told(pk)


class SnoozeRequest(serializers.Serializer[Any]):
    until = serializers.DateTimeField(allow_null=True, help_text="null: back into the queue now.")


class SnoozeView(StepView):
    """Take a ticket out of the queue until a time or a reply, or put it back."""

    @extend_schema(request=SnoozeRequest, responses=SpeakerResponse)
    def post(self, request: Request, pk: str) -> Response:
        body = SnoozeRequest(data=request.data)
        body.is_valid(raise_exception=True)
        ticket, until = self.ticket(request, pk), body.validated_data["until"]
        if until is None:
            wake(ticket=ticket, agent=agent_of(request))
        else:
            snooze(ticket=ticket, until=until, agent=agent_of(request))
        return self.told(pk)
