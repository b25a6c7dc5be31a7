// What was typed and is not yet on the server, held by this tab: a page that is reloaded may ask for
// the ticket before the last words have arrived. Each agent's words are theirs alone, also when
// another one logs in in the same tab.

const { user } = document.querySelector("[data-desk]").dataset;
const key = (ticket, kind) => `desk:${user}:${ticket}:${kind}`;

/** Hold what `kept` says; null lets it go. A browser that refuses to store anything holds nothing. */
export const hold = (ticket, kind, kept) => {
  try {
    if (kept === null) sessionStorage.removeItem(key(ticket, kind));
    else sessionStorage.setItem(key(ticket, kind), JSON.stringify(kept));
  } catch {
    // Storage is full or forbidden: the server has the text a moment later.
  }
};

/** What is held for the ticket, `{ text, draft }`, or null. */
export const held = (ticket, kind) => {
  try {
    return JSON.parse(sessionStorage.getItem(key(ticket, kind)));
  } catch {
    return null;
  }
};
