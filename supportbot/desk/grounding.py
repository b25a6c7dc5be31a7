"""Checks an agent's own words against the documents, sentence by sentence."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from knowledge.models import Audience
from knowledge.text.sentences import split_sentences
from supportbot.answers.enrich import ids_of_collections
from supportbot.answers.models import AnswerRun
from supportbot.answers.verdict_words import REASONS
from supportbot.configuration.current import current_content
from supportbot.guardrails.check import Judgement, judge
from supportbot.guardrails.types import Source, SourceKind, Verdict
from supportbot.retrieval.search import RankedPassage, Scope, search
from tickets.models import Conversation, Message

PASSAGES = 12
MOST_SENTENCES = 30
GREETING_WORDS = 2  # “Hello Ada”, “Kind regards”
SUPPORTED, NOT_FOUND, AGAINST, NOTHING = "supported", "not_found", "against", "nothing"
WORDS = {
    SUPPORTED: "Supported",
    NOT_FOUND: "Not found",
    AGAINST: "Differs from the documents",
    NOTHING: "Nothing to check",
}


@dataclass(frozen=True)
class CheckedSentence:
    """`found` is a key of WORDS; `why` says what the check found, `passage` and `quote` where."""

    text: str
    found: str
    why: str = ""
    quote: str = ""
    passage: RankedPassage | None = None

    @property
    def words(self) -> str:
        return WORDS[self.found]


def check_words(*, conversation: Conversation, text: str) -> list[CheckedSentence]:
    """What the documents that this customer may read say of each sentence."""
    passages = find_passages(conversation=conversation, text=text, limit=PASSAGES)
    sources = tuple(
        Source(number, SourceKind.PASSAGE, passage.context, passage.text)
        for number, passage in enumerate(passages)
    )
    sentences = [
        sentence
        for line in text.splitlines()
        for sentence in split_sentences(line)
        if sentence.strip()
    ]
    return [
        _checked(sentence, judge(sentence, sources), passages)
        for sentence in sentences[:MOST_SENTENCES]
    ]


def find_passages(
    *, conversation: Conversation, text: str, limit: int = 8
) -> tuple[RankedPassage, ...]:
    """The passages that fit best, of the documents that customers like this one are answered
    from."""
    run = AnswerRun.objects.filter(conversation=conversation).first()
    scope = Scope(
        as_of=timezone.localdate(),
        reader=Audience(run.reader) if run is not None else Audience.PUBLIC,
        collections=ids_of_collections(current_content().collections),
    )
    return search(text[:4000], scope=scope, limit=limit).passages


def last_question(conversation: Conversation) -> str:
    said = conversation.messages.filter(author=Message.Author.CUSTOMER).order_by("-seq")
    return said.values_list("text", flat=True).first() or ""


def _checked(
    text: str, judgement: Judgement, passages: tuple[RankedPassage, ...]
) -> CheckedSentence:
    piece = judgement.piece
    passage = passages[piece.source] if piece is not None else None
    quote = piece.quote if piece is not None else ""
    if judgement.verdict is Verdict.KEEP:
        return CheckedSentence(text, SUPPORTED, "", quote, passage)
    is_greeting = len(text.split()) <= GREETING_WORDS and not any(map(str.isdigit, text))
    if judgement.reason == "no_substance" or is_greeting:
        return CheckedSentence(text, NOTHING)
    why = f"It {REASONS.get(judgement.reason, judgement.reason)}."
    if judgement.wants_only_support or piece is None:
        # A promise is no fact of any document, whatever stands there.
        return CheckedSentence(text, NOT_FOUND, why, quote, passage)
    return CheckedSentence(text, AGAINST, why, quote, passage)
