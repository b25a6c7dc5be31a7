"""Claims that something was done, or will be done, for this customer.

Only the audit log could bear such a sentence out, and nothing writes acts into it yet. What the
company does for everybody (“we refund within five days”) is policy: it stands or falls with its
source.
"""

from __future__ import annotations

import re

from supportbot.guardrails.types import Finding

CHECK = "promise"

_ACTS_EN = (
    r"refund|cancel|send|sent|ship|dispatch|process|issue|approve|book|reserve|change|update|"
    r"correct|reset|check|look|review|forward|escalat|pass|report|log|open|creat|schedul|arrang|"
    r"order|add|remov|delet|extend|upgrad|waiv|credit|transfer|apply|appl|replac|confirm|notif|"
    r"contact|inform|made|make|put|set|given|give|file|activat|deactivat|block|unblock|renew|"
    r"request|ask|talk|spoke|spoken|found|see|submit|complet|finish|fix|resolv|arrange|email|"
    r"call|ring|let|get|start|place|register|note|sort|taken|take|handle|deal|prepar|verif|"
    r"receiv|lock|unlock|freez|frozen|pause|stop|return|pay|paid|reimburs|reschedul|rebook|mov"
)
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # I have done it, I did it, I will do it, I am doing it
        rf"\bI(?:['’]ve| have| had)\s+(?:\w+\s+){{0,3}}?(?:{_ACTS_EN})\w*",
        rf"\bI\s+(?:just |already |now |also |personally |went ahead and )*(?:{_ACTS_EN})\w*ed\b",
        rf"\bI(?:['’]ll| will|['’]m going to| am going to| can|['’]m| am)\s+(?:\w+\s+){{0,2}}?(?:{_ACTS_EN})\w*",
        r"\bI\s+(?:just |already |now |also )*(?:sent|made|put|gave|spoke|found|paid|took|set|got|saw|did|looked)\b",
        r"\blet me\s+(?:\w+\s+)?(?:check|look|see|find|refund|cancel|send|book|fix|arrange|do|transfer)\b",
        # we have done it for you
        rf"\bwe(?:['’]ve| have)\s+(?:just |already |now |also |successfully |today )*(?:{_ACTS_EN})\w*",
        rf"\bwe\s+(?:just|already|today|successfully)\s+(?:{_ACTS_EN})\w*",
        rf"\bwe(?:['’]re| are)\s+(?:now |currently |already )+(?:{_ACTS_EN})\w*ing\b",
        # yours has been done, is being done, is on its way
        r"\byour\s+(?:[\w-]+\s+){1,4}?(?:has|have)\s+(?:now |just |already |been |successfully )*been\s+\w+",
        r"\byour\s+(?:[\w-]+\s+){1,4}?(?:is|are)\s+(?:now |currently |already )*(?:being|on (?:its|their|the) way|under way|confirmed|approved|cancelled|complete|done)\b",
        r"\byour\s+(?:[\w-]+\s+){1,4}?(?:was|were)\s+(?:just |already |successfully )*(?:\w+ed|sent|paid|made)\b",
        r"\b(?:a|the|your|this)\s+(?:new |full |replacement |first |second )*(?:[\w-]+\s+)?(?:refund|replacement|label|confirmation|technician|voucher|credit|ticket|e-?mail|order|appointment|booking)\s+(?:has|have)\s+(?:now |just |already )*been\b",
        r"\b(?:a|one of our|our|my|the)\s+(?:\w+\s+)?(?:colleague|agent|manager|advisor|adviser|technician|engineer|specialist|supervisor|team|representative)s?\s+(?:will|is going to|is now|has|have|is)\s+(?:\w+\s+){0,2}?(?:call|contact|ring|phone|e-?mail|reach|visit|be in touch|get back|check|look|review|handl|working|on (?:its|his|her|their) way|confirm|approv|agree|been|refund|process)\w*",
        r"\b(?:someone|somebody)\s+(?:will|is going to)\s+(?:\w+\s+)?(?:call|contact|ring|phone|e-?mail|reach|visit|be in touch|get back)\w*",
        r"\b(?:it|this|that|everything)(?:['’]s| is| has been)\s+(?:now |all |already )*(?:been )?(?:done|taken care of|sorted|cancelled|refunded|booked|processed|approved|fixed|updated|resolved)\b",
        r"\byou(?:['’]ve| have)\s+(?:now |just |already )*been\s+(?:refunded|credited|upgraded|removed|added|unsubscribed|charged back|registered|booked|reimbursed|moved)\b",
        r"\byou(?:['’]ll| will)\s+(?:be (?:called|contacted)|receive it|get it|have it)\b.*\b(?:today|tomorrow|tonight|shortly|minutes?|hours?|this (?:morning|afternoon|evening|week))\b",
        r"\b(?:consider it done|all done|all set|rest assured|i promise|we promise|i guarantee)\b",
        # German
        r"\bich\s+(?:habe|hab|werde|kümmere|schicke|sende|prüfe|leite|storniere|erstatte|buche|veranlasse|melde|ändere|überweise|reserviere|verlängere)\b",
        r"\b(?:habe|werde|kümmere|schicke|sende|prüfe|leite|storniere|erstatte|buche|veranlasse)\s+ich\b",
        r"\bwir\s+haben\s+(?:\w+\s+){0,8}?(?:ge\w+t|ge\w+en|\w+iert|erstattet|versandt|verschickt|verlängert|überwiesen|veranlasst|erhöht|beauftragt|bestätigt|übernommen)\b",
        r"\bhaben\s+wir\s+(?:\w+\s+){0,8}?(?:ge\w+t|ge\w+en|\w+iert|erstattet|versandt|verschickt|verlängert|überwiesen|veranlasst)\b",
        r"\b(?:ihre?|deine?|ihr)\s+(?:[\w-]+\s+){1,4}?(?:wurden?|ist|sind|wird)\s+(?:\w+\s+){0,6}?(?:ge\w+t|ge\w+en|\w+iert|erstattet|versandt|verschickt|unterwegs|überwiesen|veranlasst|bestätigt|verlängert|erledigt|verbucht|freigegeben|genehmigt)(?:\s+worden)?\b",
        r"\b(?:ein|eine|unser|unsere|der|die)\s+(?:neue[rs]?\s+)?(?:kolleg\w+|mitarbeiter\w*|techniker\w*|berater\w*|team)\s+(?:wird|ruft|meldet|hat|ist|kommt|prüft|kümmert)\b",
        r"\b(?:ein|eine|einen)\s+(?:neue[rsn]?\s+)?[\w-]+\s+(?:ist|wurde)\s+(?:\w+\s+){0,4}?(?:unterwegs|verschickt|versandt|erstellt|gebucht|angelegt|veranlasst)\b",
        r"\b(?:es|das|alles)\s+(?:ist|wurde)\s+(?:bereits |schon |jetzt )*(?:erledigt|storniert|erstattet|gebucht|geändert|veranlasst)\b",
        # French
        r"\bj['’](?:ai|annule|envoie|effectue|enregistre|ouvre|appelle|ajoute|active)\b",
        r"\bje\s+(?:viens|vais|vous (?:envoie|rembourse|appelle|rappelle|transfère|ai)|m['’]en occupe|m['’]occupe|procède|vérifie|transmets|réserve|modifie|lance|fais|rembourse|prolonge)\b",
        r"\bnous\s+(?:avons|venons|vous avons)\s+",
        r"\b(?:votre|vos)\s+(?:[\w'’-]+\s+){1,4}?(?:a|ont)\s+(?:bien |déjà |maintenant )*été\s+\w+",
        r"\b(?:votre|vos)\s+(?:[\w'’-]+\s+){1,4}?(?:est|sont|vient|viennent)\s+(?:bien |déjà |maintenant |désormais )*(?:en (?:route|cours|chemin)|d['’]être|annulée?s?|remboursée?s?|confirmée?s?|parti(?:e?s?)|expédiée?s?|activée?s?|réservée?s?|validée?s?)",
        r"\b(?:un|une|notre|nos)\s+(?:nouve\w+\s+)?(?:collègue|conseill\w+|technicien\w*|agent\w*|équipe|responsable|collaborat\w+)\s+(?:va|vous|est|a|passera|viendra|vient|s['’]en)\b",
        r"\b(?:un|une)\s+(?:nouve\w+\s+)?[\w'’-]+\s+(?:a été|vient d['’]être|est en route)\b",
        r"\bc['’]est\s+(?:fait|réglé|annulé|confirmé)\b",
    )
)  # fmt: skip


def promises_in(sentence: str) -> list[Finding]:
    """Where the sentence claims an act for the customer; empty if it does not."""
    return [
        Finding(CHECK, "promise", found.span())
        for pattern in _PATTERNS
        if (found := pattern.search(sentence))
    ]
