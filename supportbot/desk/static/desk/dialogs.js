// Questions to the agent: when, which words, and whether to send although somebody replied.

const desk = document.querySelector("[data-desk]");
const find = (name) => desk.querySelector(`[data-${name}]`);

/** Resolves with the dialog's return value once it is closed; "" when it was left. */
const ask = (dialog) =>
  new Promise((answer) => {
    dialog.returnValue = "";
    dialog.addEventListener("close", () => answer(dialog.returnValue), { once: true });
    dialog.showModal();
  });

const at = (days, hour) => {
  const day = new Date();
  day.setDate(day.getDate() + days);
  day.setHours(hour, 0, 0, 0);
  return day;
};
const daysToMonday = () => (8 - new Date().getDay()) % 7 || 7;

const local = (moment) => {
  const shifted = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
};

/** A moment to come, as ISO 8601 with its zone; null when the agent thought better of it. */
export const askWhen = async (title) => {
  const dialog = find("when");
  const field = find("when-at");
  find("when-title").textContent = title;
  field.value = local(at(1, 9));
  field.min = local(new Date());
  const presets = [
    ["In an hour", new Date(Date.now() + 3_600_000)],
    ["Tomorrow at 9", at(1, 9)],
    ["Monday at 9", at(daysToMonday(), 9)],
  ];
  let chosen = null;
  find("when-presets").replaceChildren(
    ...presets.map(([words, moment]) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: words });
      button.className = "sb-button";
      button.addEventListener("click", () => {
        chosen = moment;
        dialog.close("preset");
      });
      return button;
    }),
  );
  const answer = await ask(dialog);
  if (answer === "") return null;
  return (chosen ?? new Date(field.value)).toISOString();
};

/** A line of words; null when the agent thought better of it. */
export const askWords = async ({ title, label, yes, isNeeded = false, presets = [], text = "" }) => {
  const dialog = find("words");
  const field = find("words-text");
  find("words-title").textContent = title;
  find("words-label").textContent = label;
  find("words-yes").textContent = yes;
  field.value = text;
  field.required = isNeeded;
  find("words-presets").replaceChildren(
    ...presets.map((words) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: words });
      button.className = "sb-button";
      button.addEventListener("click", () => {
        field.value = words;
        if (words.endsWith(" ")) field.focus();
        else dialog.close("yes");
      });
      return button;
    }),
  );
  const answer = await ask(dialog);
  return answer === "yes" ? field.value.trim() : null;
};

/** Whether to send although a colleague has replied. */
export const askCollision = async ({ problem, messages }) => {
  find("collision-title").textContent = problem;
  find("collision-messages").innerHTML = (messages ?? []).join("");
  for (const one of find("collision-messages").querySelectorAll("[id]")) one.removeAttribute("id");
  return (await ask(find("collision"))) === "yes";
};

/** Whether to go on with what cannot be undone. */
export const askSure = async ({ title, text, yes }) => {
  find("sure-title").textContent = title;
  find("sure-text").textContent = text;
  find("sure-yes").textContent = yes;
  return (await ask(find("sure"))) === "yes";
};

/** What is chosen in a form that the server has drawn, as FormData; null when the agent thought better
 *  of it. `check` gives the words of what is still missing, or "". */
export const askChoice = async ({ title, html, yes, check }) => {
  const form = find("choices-form");
  const trouble = find("choices-problem");
  find("choices-title").textContent = title;
  find("choices-yes").textContent = yes;
  find("choices-body").innerHTML = html;
  const isPossible = find("choices-body").querySelector("input") !== null;
  find("choices-yes").hidden = !isPossible;
  trouble.hidden = true;
  const stop = (event) => {
    const missing = event.submitter?.value === "yes" ? check(new FormData(form)) : "";
    trouble.textContent = missing;
    trouble.hidden = missing === "";
    if (missing) event.preventDefault();
  };
  form.addEventListener("submit", stop);
  const answer = await ask(find("choices"));
  form.removeEventListener("submit", stop);
  return answer === "yes" ? new FormData(form) : null;
};
