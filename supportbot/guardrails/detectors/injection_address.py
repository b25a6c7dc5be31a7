"""Whether a sentence of a document, or its name, addresses an assistant instead of its reader.

Documents are long and attacks in them are rare: of a hundred passages not one honest one may wait
for an editor. So only what names an assistant, its rules or its role is looked at more closely.
Manuals say “ignore the noise” and “if you no longer need it”; they tell nobody to forget rules.
"""

from __future__ import annotations

import re

_ASSISTANT = (
    r"(?:ais?|llms?|chat ?gpt|\w*gpts?|chat ?bots?|bots?|(?:ai |ki-|virtual )?assistants?"
    r"|(?:large )?language models?|copilot|claude|gemini|ki|k\.i\.|ia)"
)
_ORDERED = (
    r"(?:must|should|shall|has to|have to|always|never|ignore|disregard|forget|tell|says?|reply"
    r"|respond|answer|add|write|deny|reveal|link|call|ask|print|output|do not|don['’]t|ignoriere"
    r"|schreibe|sage|antworte|réponds|dis|ignore[zr]|responde|di)"
)
_IGNORE = (
    r"(?:ignore|disregard|forget|bypass|override|overlook|(?:do not|don['’]t|never) follow"
    r"|ignorier\w*|vergiss|missachte\w*|vergeet|negeer|oublie\w*|ignorez|olvida\w*|ignora\w*"
    r"|dimentica\w*|esque[cç]\w*|zignoruj|zapomnij)"
)
_RULES = (
    r"(?:instruct\w*|rules?|guidelines?|prompts?|polic(?:y|ies)|directi\w+"
    r"|(?:previous|prior|above|earlier|preceding) (?:text|message|context|content)s?|anweisung\w*"
    r"|regeln?|instrucciones|instruções|consignes|règles|reglas|regras|istruzioni|regole"
    r"|instructies|polecenia|zasady)"
)
_ADDRESSES = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # “ignore all earlier instructions”
        rf"\b{_IGNORE}\b(?:\W+[\w'’]+){{0,5}}?\W+{_RULES}\b",
        r"忽略|忘记|無視|무시|잊어|تجاهل|игнорир|забудь|अनदेखा",
        # “Chatbots that quote this page shall ask …”, “if you are an AI”, “AI: …”
        rf"\b{_ASSISTANT}\b[\s,:;(-]+(?:[\w'’]+[\s,]+){{0,5}}?{_ORDERED}\b",
        rf"\bif you(?: are|['’]re) (?:an? |the )?{_ASSISTANT}\b",
        r"\b(?:note|message|attention|instructions?|memo)\b(?: \w+)? (?:to|for|of) "
        rf"(?:the |any |all |every )?{_ASSISTANT}\b",
        rf"(?:^|[\n>\[(|!]|--)\W*{_ASSISTANT}\s*:",
        # “</context>”, “[INST]”, “SYSTEM: …”
        r"<\|?/?(?:system|assistant|user|passages?|context|instructions?|prompt|im_start|im_end|s)"
        r"\b\|?[^>]{0,20}>|<\|\w+\|>|\[/?(?:inst|sys|system|admin|prompt)\b",
        r"(?:^|\n)\W*(?:system|assistant|developer)(?: (?:note|message|prompt|override|notice))?"
        r"\s*[:\-–—]",
        # “new task for you”, “an update to your instructions”, “from now on you are …”
        r"\b(?:your (?:new |only |real )?(?:task|instructions?|role|persona|system prompt) "
        r"(?:is|are)|new (?:task|instructions?|rules?|orders?) for you|(?:your|the) system prompt)"
        r"\b",
        r"\b(?:updates?|changes?|additions?|amendments?) (?:to|of|in) your (?:\w+ )?"
        r"(?:instruction|rule|prompt|guideline)s?\b",
        r"\byou are (?:now|no longer) (?:an?|the|in|free|allowed|dan|my)\b(?! (?:position|member|"
        r"customer))|\byou are (?:an? )?(?:unrestricted|unfiltered|evil|helpful ai)\b",
        r"\b(?:pretend|act) (?:to be|as if|like you|that you|as an? (?:ai|assistant|unrestricted))"
        r"|\brole ?play\b|\bstay in character\b|\bfrom now on,? (?:you (?:will|must|are|shall)"
        r"|answer|reply|respond|always|never|say|speak|call)\b",
    )
]
# “Questions in the chat are answered by an automatic assistant” only says that there is one.
_MENTIONS = re.compile(
    r"\b(?:by|with|from|to|in) (?:an?|our|the|your) (?:\w+ ){0,2}(?:assistant|chat ?bot|bot|ai)\b"
    r"|\b(?:an?|our) (?:\w+ ){0,2}(?:assistant|chat ?bot|bot),? (?:that|which|who) "
    r"(?:can|will|helps?|answers?)\b(?!.*\b(?:must|shall|should|always|never|instruct\w*|rules?|ignore)\b)",
    re.IGNORECASE,
)


def addresses_an_assistant(text: str) -> bool:
    """Whether a sentence, or a name, may be meant for an assistant. A classifier decides."""
    said = _MENTIONS.sub("", text)
    return any(pattern.search(said) for pattern in _ADDRESSES)
