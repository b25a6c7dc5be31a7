// The connection test: asks the server as a customer's widget does, and says what came back.
'use strict';

document.addEventListener('DOMContentLoaded', () => {
  const card = document.querySelector('[data-self-test]');
  if (!card) return;
  const { pieces, largest, stream, body, headers } = card.dataset;
  const again = card.querySelector('[data-again]');
  const summary = card.querySelector('[data-summary]');
  const WORDS = { ok: 'Works', held: 'Held back', cut: 'Cut off', silent: 'Silent' };
  // The server refuses a socket without a token with this code, which says that frames come through.
  const NO_TOKEN = 4401;
  const PATIENCE_MS = 15_000;

  const show = (check, found) => {
    const row = card.querySelector(`[data-check="${check}"]`);
    row.querySelector('[data-result]').textContent = found.length ? (WORDS[found[0]] ?? 'Does not work') : 'Testing';
    for (const advice of row.querySelectorAll('[data-for]')) advice.hidden = !found.includes(advice.dataset.for);
  };

  const testSocket = () =>
    new Promise((resolve) => {
      const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/ws/chat/`, ['supportbot.v1']);
      let opened = false;
      const timer = setTimeout(() => {
        resolve([opened ? 'silent' : 'failed']);
        socket.close();
      }, PATIENCE_MS);
      socket.onopen = () => { opened = true; };
      socket.onclose = ({ code }) => {
        clearTimeout(timer);
        resolve([code === NO_TOKEN ? 'ok' : 'failed']);
      };
    });

  const testStream = async () => {
    const response = await fetch(stream, { headers: { Accept: 'text/event-stream' }, cache: 'no-store' });
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    const arrived = [];
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
      const seen = text.split('data: ').length - 1;
      while (arrived.length < seen) arrived.push(performance.now());
    }
    if (!response.ok || arrived.length < Number(pieces)) return ['cut'];
    // The pieces are sent half a second apart.
    return [arrived.at(-1) - arrived[0] > 300 * (Number(pieces) - 1) ? 'ok' : 'held'];
  };

  const token = () => document.cookie.match(/csrftoken=([^;]+)/)?.[1] ?? card.closest('body').querySelector('[name=csrfmiddlewaretoken]')?.value ?? '';

  const testBody = async () => {
    const response = await fetch(body, {
      method: 'POST',
      headers: { 'Content-Type': 'application/octet-stream', 'X-CSRFToken': token() },
      body: new Uint8Array(Number(largest)),
    });
    const said = response.ok ? await response.json() : {};
    return [said.bytes === Number(largest) ? 'ok' : 'failed'];
  };

  const testHeaders = async () => {
    const sent = { Authorization: 'Bearer self-test', 'Last-Event-ID': '7' };
    const response = await fetch(headers, { headers: sent, cache: 'no-store' });
    const said = await response.json();
    const wrong = {
      host: said.host !== location.host,
      scheme: `${said.scheme}:` !== location.protocol,
      authorization: said.authorization !== sent.Authorization,
      last_event_id: said.last_event_id !== sent['Last-Event-ID'],
      unknown_proxy: said.unknown_proxy,
    };
    const found = Object.keys(wrong).filter((name) => wrong[name]);
    return found.length ? found : ['ok'];
  };

  const TESTS = { socket: [testSocket, 'failed'], stream: [testStream, 'cut'], body: [testBody, 'failed'], headers: [testHeaders, 'failed'] };

  const run = async () => {
    again.disabled = true;
    summary.textContent = 'The test is running.';
    let faults = 0;
    for (const check of Object.keys(TESTS)) show(check, []);
    // One after the other: an upload would hold the stream up.
    for (const [check, [test, otherwise]] of Object.entries(TESTS)) {
      const found = await test().catch(() => [otherwise]);
      if (found[0] !== 'ok') faults += 1;
      show(check, found);
    }
    const rest = faults === 1 ? 'One thing does not get through as it should.' : `${faults} things do not get through as they should.`;
    summary.textContent = faults === 0 ? 'Everything gets through.' : `${rest} Read below what to do.`;
    again.disabled = false;
  };

  again.addEventListener('click', () => void run());
  void run();
});
