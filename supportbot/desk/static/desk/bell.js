// The socket: says when to look, who else is here, and tells the server that this agent is.

const APART_MS = 15_000; // between two signs of life
const ALONE_MS = 15_000; // between looks while there is no socket
const SAFETY_MS = 60_000; // while there is one: a ring can be lost
const LONGEST_RETRY_MS = 30_000;
const TYPING_MS = 4000; // typed within: is typing

let socket = null;
let watched = null;
let typing = "";
let typedAt = 0;

const tell = () => {
  if (socket?.readyState !== WebSocket.OPEN) return;
  const isTyping = Date.now() - typedAt < TYPING_MS;
  socket.send(JSON.stringify({ type: "watch", conversation: watched, typing: isTyping ? typing : "" }));
};

/** The conversation that the page shows; null for none. */
export const watch = (conversation) => {
  watched = conversation;
  typedAt = 0;
  tell();
};

let lastTold = 0;
let ending = 0;
export const types = (kind) => {
  typing = kind;
  typedAt = Date.now();
  if (Date.now() - lastTold > 2000) {
    lastTold = Date.now();
    tell();
  }
  clearTimeout(ending);
  ending = setTimeout(tell, TYPING_MS + 100);
};

export const typesNoMore = () => {
  typedAt = 0;
  tell();
};

/** Calls `changed(conversation or null)` and `presence(frame)`. */
export const listen = ({ changed, presence }) => {
  let retry = 1000;
  let last = Date.now();
  const noted = (conversation) => {
    last = Date.now();
    changed(conversation);
  };
  setInterval(() => {
    const isOpen = socket?.readyState === WebSocket.OPEN;
    if (Date.now() - last >= (isOpen ? SAFETY_MS : ALONE_MS)) noted(watched);
  }, ALONE_MS / 3);
  setInterval(tell, APART_MS);
  const connect = () => {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(`${scheme}//${location.host}/ws/desk/`);
    socket.addEventListener("open", () => {
      retry = 1000;
      tell();
      noted(watched); // whatever was missed meanwhile
    });
    socket.addEventListener("message", ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.type === "changed") noted(frame.conversation);
      else if (frame.type === "presence") presence(frame);
    });
    socket.addEventListener("close", ({ code }) => {
      if (code === 4401 || code === 4403) {
        noted(watched); // says that the agent is signed out, if so
        return; // refused: it will be so again
      }
      // Not all pages at the same moment when the server comes back.
      setTimeout(connect, retry * (0.5 + Math.random()));
      retry = Math.min(retry * 2, LONGEST_RETRY_MS);
    });
  };
  connect();
};

/** Runs `work` at once, or as soon as `apart` has passed since it ended; never twice at once. */
export const spaced = (work, apart) => {
  let [isBusy, isAsked] = [false, false];
  return async () => {
    isAsked = true;
    if (isBusy) return;
    isBusy = true;
    while (isAsked) {
      isAsked = false;
      try {
        await work();
      } catch {
        // said already; looked at again later
      }
      await new Promise((done) => setTimeout(done, apart));
    }
    isBusy = false;
  };
};
