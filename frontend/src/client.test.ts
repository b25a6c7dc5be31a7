// One visitor's conversation over a fake server: nothing is lost, nothing is shown twice.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ChatClient } from './client';
import { message, rawEvents } from './testing/contract';
import { FakeSocket, fakeServer, restFactory, settle } from './testing/server';

const BASE = 'https://help.example';
let client: ChatClient;

async function start(): Promise<ChatClient> {
  const started = new ChatClient(BASE, () => undefined, () => null, restFactory);
  started.start();
  await settle();
  FakeSocket.last.accept();
  return started;
}

function sentFrames(type: string): readonly unknown[] {
  return FakeSocket.last.sent.filter((frame) => (frame as { type: string }).type === type);
}

const created = (clientId: string, seq = 1) => ({
  seq,
  type: 'message.created',
  at: '2026-11-21T10:00:00Z',
  message: message({ client_id: clientId }),
});

beforeEach(async () => {
  vi.useFakeTimers();
  localStorage.clear();
  sessionStorage.clear();
  fakeServer();
  client = await start();
});
afterEach(() => {
  client.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function onlyPending(): string {
  const [item] = client.state.pending;
  if (!item || client.state.pending.length > 1) throw new Error('expected one pending message');
  return item.clientId;
}

describe('the log', () => {
  it('replays the contract', () => {
    FakeSocket.last.says(...rawEvents);
    expect(client.state.lastSeq).toBe(25);
  });

  it('is fetched again after a gap', async () => {
    FakeSocket.last.says(rawEvents[0], rawEvents[2]);
    await vi.advanceTimersByTimeAsync(600);
    FakeSocket.last.accept();
    expect(FakeSocket.all).toHaveLength(2);
    expect(FakeSocket.last.sent).toEqual([{ type: 'hello', after: 1 }]);
  });
});

describe('sending', () => {
  it('shows the message at once and forgets it when it is confirmed', () => {
    client.send('Hello');
    const id = onlyPending();
    expect(sentFrames('message')).toEqual([{ type: 'message', client_id: id, text: 'Hello' }]);
    expect(client.storage.outbox).toHaveLength(1);
    FakeSocket.last.says(created(id));
    expect(client.state.pending).toEqual([]);
    expect(client.storage.outbox).toEqual([]);
  });

  it('sends again under the same id after the connection comes back', async () => {
    client.send('Hello');
    const id = onlyPending();
    FakeSocket.last.drop();
    await vi.advanceTimersByTimeAsync(600);
    FakeSocket.last.accept();
    expect(sentFrames('message')).toEqual([{ type: 'message', client_id: id, text: 'Hello' }]);
  });

  it('outlives a reload', async () => {
    client.send('Hello');
    const id = onlyPending();
    client.stop();
    client = await start();
    expect(sentFrames('message')).toEqual([{ type: 'message', client_id: id, text: 'Hello' }]);
  });

  it('does not send yesterday’s message by itself', async () => {
    client.send('Hello');
    client.stop();
    vi.setSystemTime(Date.now() + 24 * 3_600_000);
    client = await start();
    expect(sentFrames('message')).toEqual([]);
    expect(client.state.pending[0]?.failure).toMatchObject({ retryable: true });
    client.retry(onlyPending());
    expect(sentFrames('message')).toHaveLength(1);
  });

  it('reads the log anew when nothing confirms the message', async () => {
    FakeSocket.last.says(...rawEvents);
    client.send('Hello');
    const id = onlyPending();
    await vi.advanceTimersByTimeAsync(11_000);
    FakeSocket.last.accept();
    expect(FakeSocket.last.sent[0]).toMatchObject({ type: 'hello', last: 20 });
    FakeSocket.last.says(created(id));
    expect(client.state).toMatchObject({ lastSeq: 1, pending: [] });
  });

  it('keeps a failure over a reload, and lets go of what is taken back', async () => {
    client.send('Hello');
    const id = onlyPending();
    FakeSocket.last.says({ seq: 0, type: 'error', at: '', code: 'message_too_long', text: 'Shorter.', client_id: id, run_id: null, retryable: false });
    client.stop();
    client = await start();
    expect(client.state.pending[0]?.failure).toEqual({ text: 'Shorter.', retryable: false });
    client.discard(id);
    expect(client.storage.outbox).toEqual([]);
  });
});

describe('asking for a person', () => {
  it('is sent once, also when the visitor is impatient', () => {
    client.askForPerson();
    client.askForPerson();
    expect(sentFrames('handover')).toHaveLength(1);
  });

  it('waits for the connection', async () => {
    FakeSocket.last.drop();
    client.askForPerson();
    client.rate('m-2', 'up');
    await vi.advanceTimersByTimeAsync(600);
    FakeSocket.last.accept();
    expect(sentFrames('handover')).toHaveLength(1);
    expect(sentFrames('feedback')).toEqual([{ type: 'feedback', message_id: 'm-2', value: 'up' }]);
  });
});

describe('typing', () => {
  const handover = (state: string, seq: number) => ({ seq, type: 'handover.changed', at: '', state, agent_name: null, text: '' });

  it('is told to an agent, at most every three seconds, and never to the bot', async () => {
    client.typing();
    FakeSocket.last.says(handover('agent', 1));
    client.typing();
    client.typing();
    await vi.advanceTimersByTimeAsync(3_000);
    client.typing();
    expect(sentFrames('typing')).toHaveLength(2);
  });

  it('of the agent is shown for five seconds', async () => {
    FakeSocket.last.says({ seq: 0, type: 'agent.typing', at: '', agent_name: 'Ben' });
    expect(client.state.typing).toBe('Ben');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(client.state.typing).toBeNull();
  });
});

describe('the network', () => {
  it('is used as soon as it is back', async () => {
    FakeSocket.last.drop();
    window.dispatchEvent(new Event('online'));
    await settle();
    expect(FakeSocket.all).toHaveLength(2);
  });

  it('is given up as soon as it goes; what is said meanwhile is sent when it is back', async () => {
    window.dispatchEvent(new Event('offline'));
    expect(client.status).toBe('reconnecting');
    client.send('Hello');
    expect(sentFrames('message')).toEqual([]);
    window.dispatchEvent(new Event('online'));
    await settle();
    FakeSocket.last.accept();
    expect(sentFrames('message')).toHaveLength(1);
  });
});

describe('a conversation that has ended', () => {
  const opened = (conversation: string) => ({ seq: 0, type: 'conversation.opened', at: '', conversation });
  const closed = { seq: 2, type: 'conversation.closed', at: '', by: 'time', text: 'Ended.' };
  const continued = { seq: 3, type: 'conversation.continued', at: '', conversation: 'new' };

  it('is named when the connection comes back', async () => {
    FakeSocket.last.says(opened('old'), created('c-1'));
    FakeSocket.last.drop();
    await vi.advanceTimersByTimeAsync(600);
    FakeSocket.last.accept();
    expect(FakeSocket.last.sent[0]).toEqual({ type: 'hello', after: 1, conversation: 'old' });
  });

  it('goes on in another one, with nothing of the old one in it', () => {
    FakeSocket.last.says(opened('old'), created('c-1'), closed);
    expect(client.state.closedBy).toBe('time');
    client.send('Hello again');
    const id = onlyPending();
    FakeSocket.last.says(continued);
    expect(FakeSocket.last.sent.at(-1)).toEqual({ type: 'hello', last: 20, conversation: 'new' });
    FakeSocket.last.says(opened('new'), created(id));
    expect(client.state).toMatchObject({ conversation: 'new', lastSeq: 1, pending: [], closedBy: null });
    expect(client.state.items).toHaveLength(1);
  });

  it('is left for good, even where the connection is lost before the other one is opened', async () => {
    FakeSocket.last.says(opened('old'), created('c-1'), closed, continued);
    FakeSocket.last.drop();
    await vi.advanceTimersByTimeAsync(600);
    FakeSocket.last.accept();
    expect(FakeSocket.last.sent[0]).toEqual({ type: 'hello', last: 20, conversation: 'new' });
  });

  it('goes on where a page of its history says so', () => {
    const page = (events: readonly unknown[], through: number) => ({ seq: 0, type: 'history', at: '', events, through, earlier: false, speaker: null });
    FakeSocket.last.says(opened('old'), page([created('c-1'), closed, continued], 3));
    expect(FakeSocket.last.sent.at(-1)).toEqual({ type: 'hello', last: 20, conversation: 'new' });
    FakeSocket.last.says(opened('new'), page([created('c-2')], 1), created('c-3', 2));
    expect(client.state).toMatchObject({ conversation: 'new', lastSeq: 2, closedBy: null });
    expect(client.state.items.map((item) => item.key)).toEqual(['message:c-2', 'message:c-3']);
  });

  it('is ended once', () => {
    FakeSocket.last.says(opened('old'), created('c-1'));
    client.end();
    FakeSocket.last.says(closed);
    client.end();
    expect(sentFrames('close')).toHaveLength(1);
  });
});
