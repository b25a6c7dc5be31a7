// The upload page: files and folders are dropped, each is sent in a request of its own with its
// progress, and then shown while it is read. Without scripts the form sends all at once.
"use strict";

(() => {
  const AT_ONCE = 3; // requests; more would not be faster and would hold up the admin
  const LOOK_EVERY_MS = 1500;
  const MOST_ASKED = 200; // versions in one question about progress
  const SIGNED_OUT = "You are signed out. Sign in again in another tab, then send it again.";
  const SHOWN_ESTIMATE_MS = 4000; // before that the speed says little

  const form = document.querySelector("[data-one]");
  const find = (name) => form.querySelector(`[data-${name}]`);
  const zone = find("drop");
  const input = zone.querySelector("input[type=file]");
  const [send, stop, again, clear] = ["send", "stop", "again", "clear"].map(find);
  const [rows, table, total, said, problem] = ["rows", "table", "total", "said", "problem"].map(find);
  const title = form.elements.title;
  const token = form.elements.csrfmiddlewaretoken.value;
  const maxBytes = Number(form.dataset.maxMegabytes) * 1024 * 1024;
  const kinds = new Set(input.accept.split(","));
  const single = form.elements.document.value !== "";

  // state: chosen → sending → accepted, or refused (by the server) or lost (on the way)
  const entries = [];
  let running = false;
  let startedAt = 0;
  let sentBytes = 0;
  let looking = false;

  const element = (tag, text = "", className = "") => {
    const made = document.createElement(tag);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  };
  const sizeOf = (bytes) =>
    bytes < 1024 * 1024
      ? `${Math.max(1, Math.round(bytes / 1024))} KB`
      : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
  const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;
  const inState = (...states) => entries.filter((entry) => states.includes(entry.state));
  const lasting = (ms) => {
    const minutes = Math.round(ms / 60000);
    return minutes < 1 ? "less than a minute" : `about ${count(minutes, "minute")}`;
  };

  // -- one file's row -----------------------------------------------------------------------------
  const button = (text, name, act) => {
    const made = element("button", text, "sb-button");
    made.type = "button";
    made.append(element("span", ` ${name}`, "sb-hidden"));
    made.addEventListener("click", act);
    return made;
  };

  const draw = (entry) => {
    const { cells, file } = entry;
    const name = entry.name;
    if (entry.state === "sending") {
      if (!entry.bar.isConnected) cells.upload.replaceChildren(entry.bar, entry.share);
      entry.bar.value = entry.loaded / Math.max(1, file.size);
      entry.share.textContent = entry.loaded < file.size
        ? `${Math.floor((100 * entry.loaded) / file.size)}%` : "arriving…";
    } else {
      const className = ["refused", "lost"].includes(entry.state) ? "sb-error" : "";
      cells.upload.replaceChildren(element("div", entry.text, className));
    }
    if (entry.url && cells.name.tagName !== "A") {
      const link = element("a", name);
      link.href = entry.url;
      cells.name.replaceWith(link);
      cells.name = link;
    }
    if (entry.html !== entry.drawnHtml) {
      cells.reading.innerHTML = entry.html; // the server's own template
      entry.drawnHtml = entry.html;
    }
    const key = `${entry.state} ${entry.status}`;
    if (entry.drawnKey === key) return;
    entry.drawnKey = key;
    const acts = [];
    if (["chosen", "refused"].includes(entry.state)) acts.push(button("Remove", name, () => remove(entry)));
    if (entry.state === "sending") acts.push(button("Cancel", name, () => entry.request.abort()));
    if (entry.state === "lost") acts.push(button("Send again", name, () => sendAgain([entry])));
    if (["queued", "splitting", "embedding"].includes(entry.status)) {
      acts.push(button("Cancel reading", name, () => step(entry, "cancel")));
    }
    if (["failed", "cancelled"].includes(entry.status)) {
      acts.push(button("Try again", name, () => step(entry, "retry")));
    }
    const hadFocus = cells.acts.contains(document.activeElement);
    cells.acts.replaceChildren(...acts);
    if (hadFocus) (acts[0] || send).focus();
  };

  const show = () => {
    const waiting = inState("chosen");
    send.textContent = waiting.length > 0 ? `Upload ${count(waiting.length, "file")}` : "Upload";
    send.disabled = waiting.length === 0 || running;
    stop.hidden = !running;
    again.hidden = running || inState("lost").length === 0;
    clear.hidden = running || entries.length === 0;
    table.hidden = entries.length === 0;
    if (title) title.disabled = entries.length > 1;
    total.hidden = entries.length === 0;
    const bytes = entries.reduce((sum, entry) => sum + entry.file.size, 0);
    const gone = entries.reduce(
      (sum, entry) => sum + (["accepted", "refused"].includes(entry.state) ? entry.file.size : entry.loaded), 0);
    total.max = Math.max(1, bytes);
    total.value = gone;
  };

  let lastSaid = 0;
  const tell = (now = Date.now()) => {
    // Screen readers read every change of it, so it changes seldom while files are on their way.
    if (running && now - lastSaid < 3000) return;
    lastSaid = now;
    const parts = [];
    const arrived = inState("accepted").length;
    const read = entries.filter((entry) => entry.status === "ready").length;
    const failed = entries.filter((entry) => entry.status === "failed").length;
    const refused = inState("refused").length;
    const lost = inState("lost").length;
    if (arrived + refused + lost > 0 || running) parts.push(`${arrived} of ${count(entries.length, "file")} uploaded`);
    if (refused) parts.push(`${refused} refused`);
    if (lost) parts.push(`${lost} did not arrive`);
    if (arrived) parts.push(`${read} read`);
    if (failed) parts.push(`${failed} could not be read`);
    if (running && sentBytes > 0 && now - startedAt > SHOWN_ESTIMATE_MS) {
      const left = inState("chosen", "sending").reduce((sum, one) => sum + one.file.size - one.loaded, 0);
      parts.push(`${lasting(((now - startedAt) / sentBytes) * left)} of uploading left`);
    }
    const text = parts.length ? `${parts.join(", ")}.` : "";
    if (said.textContent !== text) said.textContent = text;
  };

  // -- choosing -----------------------------------------------------------------------------------
  const add = (chosen) => {
    // A new version of a known document is one file; another takes its place.
    const files = single ? chosen.slice(-1) : chosen;
    if (single && files.length && !running) for (const entry of entries.splice(0)) entry.row.remove();
    const known = new Set(entries.map((entry) => entry.key));
    for (const file of files) {
      const key = `${file.name} ${file.size} ${file.lastModified}`;
      if (known.has(key)) continue;
      known.add(key);
      const twin = entries.some((entry) => entry.name === file.name);
      const row = element("tr");
      const name = element("span", file.name);
      const [heading, size, upload, reading, acts] = [
        element("th"), element("td", sizeOf(file.size)), element("td"), element("td"), element("td"),
      ];
      heading.scope = "row";
      heading.append(name);
      acts.append(element("div", "", "sb-acts"));
      row.append(heading, size, upload, reading, acts);
      const bar = element("progress");
      bar.max = 1;
      bar.setAttribute("aria-label", `Uploaded of ${file.name}`);
      const entry = {
        key, file, row, bar, name: file.name, share: element("span", "", "sb-muted"), loaded: 0, html: "", status: "",
        cells: { name, upload, reading, acts: acts.firstChild }, state: "chosen", url: "",
        text: twin ? "Ready to upload, as a newer version: another file here has the same name." : "Ready to upload",
      };
      const kind = file.name.includes(".") ? `.${file.name.split(".").pop().toLowerCase()}` : "";
      if (file.size > maxBytes) refuse(entry, `Larger than ${form.dataset.maxMegabytes} MB. Split it or remove its pictures.`);
      else if (!kinds.has(kind)) refuse(entry, "Of a kind that cannot be read. Save it as PDF, DOCX, XLSX or PPTX and choose that.");
      entries.push(entry);
      rows.append(row);
      draw(entry);
    }
    input.value = "";
    show();
    tell();
  };
  const refuse = (entry, text) => Object.assign(entry, { state: "refused", text });
  const remove = (entry) => {
    entries.splice(entries.indexOf(entry), 1);
    entry.row.remove();
    show();
    tell();
    (rows.querySelector("button") || input).focus();
  };

  // A dropped folder is walked; a browser gives at most 100 of its entries at a time.
  const filesIn = async (item) => {
    if (item.isFile) return [await new Promise((resolve, reject) => item.file(resolve, reject))];
    const reader = item.createReader();
    const found = [];
    for (;;) {
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) break;
      for (const one of some) if (!one.name.startsWith(".")) found.push(...(await filesIn(one)));
    }
    return found;
  };
  const dropped = async (transfer) => {
    const items = [...transfer.items].map((item) => item.webkitGetAsEntry?.());
    if (!items.some((item) => item?.isDirectory)) return [...transfer.files];
    const lists = await Promise.all(items.filter(Boolean).map(filesIn));
    return lists.flat();
  };

  // -- sending ------------------------------------------------------------------------------------
  const answerOf = (request) => {
    try {
      const answer = JSON.parse(request.responseText);
      return typeof answer.kind === "string" ? answer : null;
    } catch {
      return null;
    }
  };

  const lose = (entry, text) => Object.assign(entry, { state: "lost", text, loaded: 0 });

  const settle = (entry, request) => {
    const answer = answerOf(request);
    if (request.status === 413) return refuse(entry, "Larger than the server in front of supportbot accepts.");
    if (!answer) {
      return lose(entry, request.responseURL.includes("/login/") || request.status === 403
        ? SIGNED_OUT : "The server could not take it. Send it again.");
    }
    if (answer.fields && !answer.fields.uploads) return markFields(entry, answer);
    if (answer.kind === "refused") return refuse(entry, answer.text);
    return Object.assign(entry, {
      state: "accepted", text: answer.text, version: answer.version, url: answer.url,
      status: answer.status, html: answer.html,
    });
  };

  // What is wrong with the fields is wrong for every file, so sending stops and none is marked.
  const markFields = (entry, answer) => {
    Object.assign(entry, { state: "chosen", text: "Ready to upload", loaded: 0 });
    running = false;
    for (const [name, texts] of Object.entries(answer.fields)) {
      const place = form.querySelector(`[data-error-of="${name}"]`);
      if (place) place.textContent = texts.join(" ");
    }
    problem.textContent = "Nothing more is uploaded. Correct what is marked below.";
    problem.hidden = false;
    form.elements[Object.keys(answer.fields)[0]]?.focus();
    return entry;
  };

  const sendOne = (entry) =>
    new Promise((resolve) => {
      const body = new FormData(form);
      body.delete("uploads");
      body.append("uploads", entry.file, entry.file.name);
      const request = new XMLHttpRequest();
      Object.assign(entry, { state: "sending", request, loaded: 0 });
      let before = 0;
      request.upload.addEventListener("progress", (event) => {
        sentBytes += event.loaded - before;
        before = event.loaded;
        entry.loaded = Math.min(event.loaded, entry.file.size);
        draw(entry);
        show();
        tell();
      });
      request.addEventListener("load", () => settle(entry, request));
      request.addEventListener("error", () => lose(entry, "The connection broke off. Send it again."));
      request.addEventListener("abort", () => lose(entry, "Cancelled."));
      request.addEventListener("loadend", () => {
        draw(entry);
        show();
        look();
        resolve();
      });
      request.open("POST", form.dataset.one);
      request.setRequestHeader("X-CSRFToken", token);
      request.send(body);
      draw(entry);
      show();
    });

  const sendAll = async () => {
    running = true;
    startedAt = Date.now();
    sentBytes = 0;
    problem.hidden = true;
    for (const place of form.querySelectorAll("[data-error-of]")) place.textContent = "";
    form.querySelector(".sb-uploadbar").scrollIntoView({ block: "start" });
    const work = async () => {
      while (running && inState("chosen").length > 0) await sendOne(inState("chosen")[0]);
    };
    show();
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    running = false;
    lastSaid = 0;
    show();
    tell();
  };
  const sendAgain = (chosen) => {
    for (const entry of chosen) {
      Object.assign(entry, { state: "chosen", text: "Ready to upload" });
      draw(entry);
    }
    if (running) show();
    else sendAll();
  };

  // -- being read ---------------------------------------------------------------------------------
  const beingRead = () =>
    entries.filter((one) => ["queued", "splitting", "embedding", "checking"].includes(one.status));

  const ask = async (asked) => {
    const ids = asked.map((entry) => entry.version).join(",");
    const response = await fetch(`${form.dataset.progressOf}?versions=${ids}`, { redirect: "manual" });
    if (!response.ok) return false;
    const { versions } = await response.json();
    for (const entry of asked) {
      const now = versions[entry.version];
      // A version that is gone was deleted by somebody: nothing more will come of it.
      Object.assign(entry, now ? { status: now.status, html: now.html } : { status: "", html: "deleted" });
      draw(entry);
    }
    return true;
  };

  const look = async () => {
    if (looking) return;
    looking = true;
    while (beingRead().length > 0) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      try {
        const asked = beingRead();
        for (let at = 0; at < asked.length; at += MOST_ASKED) {
          if (!(await ask(asked.slice(at, at + MOST_ASKED)))) throw new Error("refused");
        }
        tell();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 5 * LOOK_EVERY_MS));
      }
    }
    looking = false;
    lastSaid = 0;
    tell();
  };

  // Cancelling and trying again are the same forms that a document's page has.
  const step = async (entry, name) => {
    const url = form.dataset.step.replace("/0/retry/", `/${entry.version}/${name}/`);
    const body = new URLSearchParams({ csrfmiddlewaretoken: token });
    try {
      const headers = { Accept: "application/json" };
      const response = await fetch(url, { method: "POST", body, headers, redirect: "manual" });
      const answer = await response.json();
      if (!response.ok) entry.text = answer.text;
      await ask([entry]);
    } catch {
      entry.text = "It could not be done. Sign in again in another tab if you have to, and try it again.";
    }
    draw(entry);
    look();
    tell();
  };

  // -- the page -----------------------------------------------------------------------------------
  input.required = false;
  // Else unfold's own script writes the file's name into the first text field, the collection.
  input.hasChangeListener = true;
  input.classList.add("sb-nameless"); // the list below has the names
  input.multiple = !single;
  input.addEventListener("change", () => add([...input.files]));
  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.add("sb-drop--over");
    });
  }
  for (const name of ["dragleave", "drop"]) {
    zone.addEventListener(name, () => zone.classList.remove("sb-drop--over"));
  }
  zone.addEventListener("drop", async (event) => {
    event.preventDefault();
    add(await dropped(event.dataTransfer));
  });
  // A file that misses the zone must not take the page's place.
  for (const name of ["dragover", "drop"]) {
    document.addEventListener(name, (event) => event.preventDefault());
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!running && inState("chosen").length > 0) sendAll();
  });
  stop.addEventListener("click", () => {
    running = false;
    for (const entry of inState("sending")) entry.request.abort();
    lastSaid = 0;
  });
  again.addEventListener("click", () => sendAgain(inState("lost")));
  clear.addEventListener("click", () => {
    for (const entry of entries.splice(0)) entry.row.remove();
    show();
    tell();
    input.focus();
  });
  window.addEventListener("beforeunload", (event) => {
    if (running) event.preventDefault();
  });
  show();
})();
