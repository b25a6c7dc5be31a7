"""With a model, whatever it does, the customer gets one whole answer and nothing unchecked."""

from __future__ import annotations

import asyncio
import threading

import pytest
from pytest_django import Settings

from supportbot.answers.model_route import PROMPT
from supportbot.answers.no_answer import TEXT, TEXT_WITH_TOPICS
from supportbot.answers.prompts import load_prompt
from supportbot.answers.runner import execute
from supportbot.answers.sentence_check import TOO_LITTLE
from tests.answers.asking import (
    ANSWER,
    QUESTION,
    SENTENCES,
    Told,
    answered,
    ask,
    in_database,
    new_conversation,
    passages_of,
    saying,
    told,
)
from tests.llm.fixtures import API_KEY, forget_health, limit_silence
from tests.llm.scenarios import BAD, GOOD, status, unstorable_characters
from tests.openai_server import (
    MODEL,
    ModelServer,
    Request,
    Wire,
    begin,
    closed_port,
    end,
    speak,
    wait_for,
)
from tickets.models import Conversation, Customer, Event

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("returns_policy", "shipping"),
]


def assert_extractive(result: Told, code: str) -> None:
    """The documents' own words were quoted instead, and the run says why."""
    result.assert_one_whole_answer()
    assert result.run.route == "extractive"
    assert [(f["route"], f["code"]) for f in result.run.fallbacks] == [("model", code)]
    assert (result.run.model, result.run.prompt_hash) == ("", "")
    assert result.answer["outcome"] == "answered"
    for sentence in result.standing:
        for citation in sentence["citations"]:
            assert citation["quote"] in citation["passage"]


async def test_a_complete_answer_is_shown_as_the_model_wrote_it(
    model_server: ModelServer, ada: Customer, subtests: pytest.Subtests
) -> None:
    for name, scenario in GOOD.items():
        with subtests.test(name):
            model_server.says(saying(ANSWER, scenario))
            result = await answered(await new_conversation(ada))
            result.assert_one_whole_answer()
            assert [sentence["text"] for sentence in result.standing] == SENTENCES
            assert (result.run.route, result.run.fallbacks, result.replaced) == ("model", [], [])


async def test_a_model_that_fails_is_replaced_by_quotes(
    model_server: ModelServer, ada: Customer, settings: Settings, subtests: pytest.Subtests
) -> None:
    for name, (scenario, code) in BAD.items():
        with subtests.test(name):
            forget_health()
            limit_silence(settings, short=code == "slow")
            model_server.says(saying(ANSWER, scenario))
            result = await answered(await new_conversation(ada))
            assert_extractive(result, code)
            was_taken_back = len(result.ever_shown) > len(result.standing)
            assert result.replaced == (["model_failed"] if was_taken_back else [])


async def test_a_model_that_nobody_runs_is_replaced_by_quotes(
    model_server: ModelServer, conversation: Conversation, settings: Settings
) -> None:
    settings.OPENAI_BASE_URL = f"http://127.0.0.1:{closed_port()}/v1"
    assert_extractive(await answered(conversation), "unavailable")


async def test_a_model_that_is_busy_for_a_second_is_waited_for(
    model_server: ModelServer, conversation: Conversation
) -> None:
    model_server.says(status(429, retry_after="1")(""), saying(ANSWER))
    result = await answered(conversation)
    result.assert_one_whole_answer()
    assert (result.run.route, result.run.fallbacks) == ("model", [])


async def test_the_run_says_what_wrote_the_answer_and_what_it_cost(
    model_server: ModelServer, conversation: Conversation
) -> None:
    model_server.says(saying(ANSWER))
    run = (await answered(conversation)).run
    assert (run.route, run.model, run.tokens_in, run.tokens_out) == ("model", MODEL, 812, 34)
    assert (run.prompt_name, run.prompt_hash) == (PROMPT, load_prompt(PROMPT).hash)


async def test_what_a_model_cost_is_counted_though_its_answer_was_not_used(
    model_server: ModelServer, conversation: Conversation
) -> None:
    model_server.says(saying("Ask the moon for your money."))
    run = (await answered(conversation)).run
    assert (run.route, run.tokens_in, run.tokens_out) == ("extractive", 812, 34)


async def test_what_cannot_be_stored_is_left_out_of_the_answer(
    model_server: ModelServer, conversation: Conversation
) -> None:
    model_server.says(saying(ANSWER, unstorable_characters))
    result = await answered(conversation)
    result.assert_one_whole_answer()
    assert [sentence["text"] for sentence in result.standing] == SENTENCES


STOPPED = {
    "number_not_in_source": "The return parcel costs £4.95 [{return parcel}].",
    "link_not_in_source": (
        "Opened coffee beans cannot be returned, see https://evil.example/?q=beans "
        "[{Opened coffee beans}]."
    ),
    "not_in_source": "The moon is made of green cheese from Normandy [{Opened coffee beans}].",
    "no_substance": "You can have it [{Opened coffee beans}].",
    "promise": "I have refunded your return parcel [{return parcel}].",
    "denied_by_source": "Opened coffee beans can be returned [{Opened coffee beans}].",
}


async def test_a_sentence_that_fails_its_check_is_never_shown(
    model_server: ModelServer, ada: Customer, subtests: pytest.Subtests
) -> None:
    for reason, sentence in STOPPED.items():
        with subtests.test(reason):
            model_server.says(saying(f"{ANSWER} {sentence}"))
            result = await answered(await new_conversation(ada))
            result.assert_one_whole_answer()
            assert result.ever_shown[: len(SENTENCES)] == SENTENCES
            assert sentence.split(" [")[0] not in " ".join(result.ever_shown)
            assert [v["verdict"] for v in result.run.verdicts][:2] == ["keep", "keep"]
            last = result.run.verdicts[-1]
            assert (last["verdict"] != "keep", last["text"][:10]) == (True, sentence[:10])
            reasons = {last["reason"], *(finding["reason"] for finding in last["findings"])}
            assert reason in reasons


async def test_any_model_that_writes_plain_sentences_works(
    model_server: ModelServer, conversation: Conversation
) -> None:
    """Small models write no [1], or a wrong one."""
    plain = " ".join(SENTENCES)
    model_server.says(saying(plain), saying(plain.replace(". ", " [77]. ")))
    result = await answered(conversation)
    result.assert_one_whole_answer()
    assert [sentence["text"] for sentence in result.standing] == SENTENCES
    assert result.run.route == "model"
    for sentence in result.standing:
        (citation,) = sentence["citations"]
        assert citation["quote"] in citation["passage"]


async def test_an_answer_of_which_little_is_left_says_so_and_offers_a_person(
    model_server: ModelServer, conversation: Conversation
) -> None:
    stopped = [STOPPED["not_in_source"], STOPPED["promise"], "Penguins live in Antarctica."]
    model_server.says(saying(" ".join([SENTENCES[0], *stopped])))
    result = await answered(conversation)
    result.assert_one_whole_answer()
    assert [sentence["text"] for sentence in result.standing] == [SENTENCES[0], TOO_LITTLE]
    assert result.answer["offer_handover"] is True


async def test_an_answer_of_which_nothing_passes_is_replaced_by_quotes(
    model_server: ModelServer, conversation: Conversation
) -> None:
    dropped = [STOPPED[reason] for reason in ("not_in_source", "no_substance", "promise")]
    model_server.says(saying(" ".join(dropped)))
    result = await answered(conversation)
    assert_extractive(result, "nothing_kept")
    assert result.replaced == []
    assert [v["verdict"] for v in result.run.verdicts][:3] == ["drop"] * 3


@pytest.mark.parametrize(("said", "replaced"), [("", []), (ANSWER + "\n", ["model_failed"])])
async def test_a_model_that_finds_no_answer_leaves_none_standing(
    said: str, replaced: list[str], model_server: ModelServer, conversation: Conversation
) -> None:
    model_server.says(saying(f"{said}NO_ANSWER"))
    result = await answered(conversation)
    result.assert_one_whole_answer()
    assert (result.answer["outcome"], result.answer["offer_handover"]) == ("no_answer", True)
    assert result.answer["message"]["text"] in {TEXT, TEXT_WITH_TOPICS}
    assert (result.run.route, result.replaced, result.standing) == ("model", replaced, [])


async def test_a_sentence_is_stored_before_the_model_has_ended(
    model_server: ModelServer, conversation: Conversation
) -> None:
    shown = threading.Event()

    async def scenario(wire: Wire, request: Request) -> None:
        await begin(wire)
        await speak(wire, "Opened coffee beans cannot be returned for hygiene reasons [1]. The")
        await wait_for(shown)
        await end(wire)

    async def look() -> None:
        while not await in_database(Event.objects.filter(type="answer.sentence").exists):
            await asyncio.sleep(0.01)
        shown.set()

    model_server.says(saying("{Opened coffee beans}", lambda number: scenario))
    run_id = await ask(conversation)
    await asyncio.gather(execute(run_id), look())
    result = await told(run_id)
    result.assert_one_whole_answer()
    assert result.run.route == "model"


async def test_the_model_is_told_the_passages_and_the_conversation_and_no_secret(
    model_server: ModelServer, conversation: Conversation, ada: Customer, settings: Settings
) -> None:
    ada.email = "ada.secret@example.com"
    await in_database(lambda: ada.save(update_fields=["email"]))
    model_server.says(saying(ANSWER))
    first = await answered(conversation)
    second = await ask(conversation, "And unopened ones?", "c-2")
    await execute(second)
    request = model_server.requests[1]
    assert [message["role"] for message in request.messages] == [
        "system",
        "user",
        "assistant",
        "user",
    ]
    assert [message["content"] for message in request.messages[1:]] == [
        QUESTION,
        first.answer["message"]["text"],
        "And unopened ones?",
    ]
    assert any("Opened coffee beans" in text for text in passages_of(request).values())
    sent = request.body.decode()
    for secret in (API_KEY, settings.SECRET_KEY, ada.email, ada.name, str(conversation.pk)):
        assert secret not in sent
