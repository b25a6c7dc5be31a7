// What the agent is told: a passing note, and words for screen readers.

const toasts = document.querySelector("[data-toasts]");
const voice = document.querySelector("[data-voice]");
const SECONDS = 6;

/** Read out once. */
export const speak = (text) => {
  const line = document.createElement("span");
  line.textContent = `${text} `;
  voice.append(line);
  setTimeout(() => line.remove(), 10_000);
};

// Over the oldest words in sight, where there are no buttons: the top of the conversation, or of the
// part that a phone shows. Clicks go through, save on the note's own button.
const place = () => {
  const parts = ["[data-scroll]", "[data-side]", "[data-entries]"].map((one) => document.querySelector(one));
  const part = parts.find((one) => one.checkVisibility()) ?? document.querySelector("main");
  const { top, left, width } = part.getBoundingClientRect();
  Object.assign(toasts.style, { top: `${top + 8}px`, left: `${left + 8}px`, width: `${width - 16}px` });
};

/** A note in sight; with `action` a button stands in it. Returns how to take it away. */
export const toast = (text, { action, act, seconds = SECONDS, isProblem = false } = {}) => {
  const note = document.createElement("div");
  note.className = isProblem ? "dk-toast dk-toast--problem" : "dk-toast";
  note.setAttribute("role", isProblem ? "alert" : "status");
  note.append(Object.assign(document.createElement("span"), { textContent: text }));
  const leave = () => note.remove();
  if (action) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: action });
    button.className = "sb-button";
    button.addEventListener("click", () => {
      leave();
      act();
    });
    note.append(button);
  }
  place();
  toasts.append(note);
  setTimeout(leave, seconds * 1000);
  return leave;
};

export const problem = (error) => toast(error.message, { isProblem: true, seconds: 10 });
