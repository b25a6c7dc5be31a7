// Requests to the desk's views, and what is said when they fail.

const desk = document.querySelector("[data-desk]");
export const root = desk.dataset.root;

/** The server understood and said no; `body.problem` is a sentence for the agent. */
export class Refusal extends Error {
  constructor(body, status) {
    super(body.problem ?? "This cannot be done.");
    this.body = body;
    this.status = status;
  }
}

/** Nothing came back: offline, restarting, or signed out. */
export class Unreachable extends Error {}

const state = document.querySelector("[data-state]");

export const showState = (text) => {
  if (state.textContent !== text) state.textContent = text;
  state.hidden = text === "";
};

const request = async (address, options = {}) => {
  let response;
  try {
    response = await fetch(address, { redirect: "manual", ...options });
  } catch {
    showState("The server cannot be reached. What you type is kept here; the page tries again.");
    throw new Unreachable("The server cannot be reached.");
  }
  if (response.type === "opaqueredirect" || response.status === 401) {
    showState("You are signed out. Copy your words if you need them, and reload the page.");
    throw new Unreachable("You are signed out.");
  }
  if (response.status >= 500 && response.status !== 503) {
    showState("The server had a problem. The page tries again.");
    throw new Unreachable("The server had a problem. Try again in a moment.");
  }
  showState("");
  const isJson = response.headers.get("content-type")?.includes("json");
  const body = isJson ? await response.json() : {};
  if (!response.ok) throw new Refusal({ problem: refused(response.status), ...body }, response.status);
  return body;
};

const refused = (status) => {
  if (status === 403) return "You may not do this, or the page is too old. Reload it.";
  if (status === 404) return "This is not there any more.";
  return "This cannot be done.";
};

export const get = (path, query = {}) => {
  const address = new URL(path, new URL(root, location.href));
  for (const [name, value] of Object.entries(query)) {
    if (value !== "" && value !== null && value !== undefined) address.searchParams.set(name, value);
  }
  return request(address);
};

export const post = (path, data = {}, options = {}) =>
  request(new URL(path, new URL(root, location.href)), {
    method: "POST",
    headers: { "X-CSRFToken": desk.dataset.csrf },
    body: data instanceof FormData ? data : new URLSearchParams(data),
    ...options,
  });

/** A form of another page of the admin, which answers with a redirect. */
export const postElsewhere = async (address, data = new FormData()) => {
  const headers = { "X-CSRFToken": desk.dataset.csrf };
  const response = await fetch(address, { method: "POST", headers, body: data, redirect: "manual" });
  if (response.type !== "opaqueredirect" && !response.ok) {
    throw new Refusal({ problem: refused(response.status) }, response.status);
  }
};
