// Correcting a text: the preview follows the typing, and a page with changes is not left by mistake.
"use strict";

(() => {
  const WAIT_MS = 400;
  const form = document.querySelector("[data-preview]");
  const field = form.querySelector("[data-text]");
  const shown = form.querySelector("[data-shown]");
  const said = form.querySelector("[data-said]");
  const before = field.value;
  let timer = 0;
  let asked = 0;
  let sent = false;

  const look = async () => {
    const mine = ++asked;
    const body = new URLSearchParams({
      csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value, text: field.value,
    });
    try {
      const response = await fetch(form.dataset.preview, { method: "POST", body, redirect: "manual" });
      const answer = response.ok ? await response.json() : null;
      if (mine !== asked) return; // a later one is under way
      if (answer) shown.innerHTML = answer.html; // cleaned by the server
      said.textContent = answer ? "" : "cannot be shown; you may have to sign in again in another tab";
    } catch {
      said.textContent = "cannot be shown: the server cannot be reached";
    }
  };

  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, WAIT_MS);
  });
  form.addEventListener("submit", () => { sent = true; });
  window.addEventListener("beforeunload", (event) => {
    if (!sent && field.value !== before) event.preventDefault();
  });
})();
