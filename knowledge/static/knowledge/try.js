// “Try a question”: asks as if this version were in effect, and shows the answer with its grounds.
"use strict";

(() => {
  const box = document.querySelector("[data-try]");
  if (!box) return;
  const form = box.querySelector("form");
  const button = form.querySelector("button");
  const said = box.querySelector("[data-said]");
  const place = box.querySelector("[data-answer]");
  const BROKEN = "Something went wrong. Ask again; if it stays so, tell whoever runs supportbot.";
  const PROBLEMS = {
    401: "You are signed out. Reload the page and sign in.",
    403: "You are signed out, or may not ask here. Reload the page.",
    404: "This version is not there any more. Reload the page.",
    429: "Too many questions at once. Wait a minute and ask again.",
  };

  const element = (tag, text = "", className = "") => {
    const made = document.createElement(tag);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  const showSentence = (sentence, passages) => {
    const line = element("p", sentence.text);
    for (const citation of sentence.citations || []) {
      if (!passages[citation.n - 1]) continue; // `n` counts from 1
      const link = element("a", `[${citation.n}]`);
      link.href = `#try-passage-${citation.n}`;
      link.title = citation.quote;
      link.setAttribute("aria-label", `Passage ${citation.n}`);
      line.append(" ", link);
    }
    return line;
  };

  const showPassage = (passage, index) => {
    const item = element("li");
    item.id = `try-passage-${index + 1}`;
    const head = element("p");
    const heading = Array.isArray(passage.heading) ? passage.heading.join(" › ") : passage.heading;
    head.append(element("strong", `${index + 1}. ${[passage.title, heading].filter(Boolean).join(" › ")}`), " ");
    const facts = [
      passage.from_this_version ? "from this version" : "from another document or version",
      passage.page ? `page ${passage.page}` : "",
    ];
    head.append(element("span", facts.filter(Boolean).join(" · "), "sb-muted"));
    item.append(head, element("p", passage.text, "sb-source"));
    if (typeof passage.score === "number") {
      const details = element("details", "", "sb-more");
      details.append(element("summary", "Details"), element("span", `score ${passage.score.toFixed(2)}`, "sb-muted"));
      item.append(details);
    }
    if (passage.from_this_version) item.className = "sb-own";
    return item;
  };

  const show = (answer, served) => {
    const passages = answer.passages || [];
    const parts = [];
    if (answer.abstained || !(answer.sentences || []).length) {
      parts.push(element("p", "No answer: nothing in effect answers this well enough, so the customer would be offered a person.", "sb-note"));
    } else {
      const text = element("div", "", "sb-answer");
      text.append(...answer.sentences.map((sentence) => showSentence(sentence, passages)));
      parts.push(text);
    }
    parts.push(element("h3", passages.length ? "Passages that were found" : "No passage was found"));
    if (passages.length) {
      const list = element("ol", "", "sb-evidence");
      list.append(...passages.map(showPassage));
      parts.push(list);
    }
    place.replaceChildren(...parts);
    place.hidden = false;
    const own = passages.filter((passage) => passage.from_this_version).length;
    const how = served ? "Asked of what customers are served now" : "Asked as if this version were in effect";
    said.textContent = `${how}: ${own} of ${passages.length} passages ${own === 1 ? "is" : "are"} from this version.`;
  };

  // The server's own sentence where it has one.
  const problemOf = async (response) => {
    if (PROBLEMS[response.status]) return PROBLEMS[response.status];
    try {
      return (await response.json()).detail || BROKEN;
    } catch {
      return BROKEN;
    }
  };

  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const fields = new FormData(form);
    button.disabled = true;
    place.hidden = true;
    said.textContent = "Looking for an answer…";
    try {
      const response = await fetch(box.dataset.try, {
        method: "POST",
        redirect: "manual",
        headers: { "Content-Type": "application/json", "X-CSRFToken": fields.get("csrfmiddlewaretoken") },
        body: JSON.stringify({
          question: fields.get("question"),
          audience: fields.get("audience"),
          as_of: fields.get("as_of") || null,
          served: fields.get("served") === "only",
        }),
      });
      if (response.ok) show(await response.json(), fields.get("served") === "only");
      else said.textContent = await problemOf(response);
    } catch {
      said.textContent = "The server cannot be reached. Ask again in a moment.";
    } finally {
      button.disabled = false;
    }
  });
})();
