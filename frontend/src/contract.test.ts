// Holds contract.ts to the file that the server's tests hold the server to.
import { describe, expect, it } from 'vitest';
import * as wire from './contract';
import { citation, contract, enums, message, rawEvents, rawFrames } from './testing/contract';

describe('server events of the contract', () => {
  it.each(rawEvents.map((raw) => [`${String(raw.type)} (seq ${String(raw.seq)})`, raw]))('reads %s and loses nothing', (_, raw) => {
    expect(wire.parseEvent(raw)).toEqual(raw);
  });

  it('covers every type that this client knows', () => {
    const types = new Set(rawEvents.map((raw) => raw.type));
    expect([...types].sort()).toEqual(
      [
        'agent.typing',
        'conversation.closed',
        'conversation.continued',
        'conversation.opened',
        'answer.completed',
        'answer.replaced',
        'answer.sentence',
        'error',
        'handover.changed',
        'history',
        'message.created',
        'pong',
        'rating.asked',
        'rating.given',
        'run.started',
        'run.status',
        'address.left',
        'ticket.changed',
      ].sort(),
    );
  });

  it('knows exactly the values of each closed list', () => {
    expect({
      'sentence.form': wire.FORMS,
      'citation.kind': wire.KINDS,
      author: wire.AUTHORS,
      'run.status': wire.RUN_STATUSES,
      'answer.completed.outcome': wire.OUTCOMES,
      'answer.replaced.reason': wire.REPLACED_REASONS,
      'conversation.closed.by': wire.CLOSED_BY,
      'handover.changed.state': wire.HANDOVER_STATES,
      'ticket.changed.status': wire.TICKET_STATUSES,
    }).toEqual(enums);
  });

  it('asks for the subprotocol of the contract', () => {
    expect(wire.SUBPROTOCOL).toBe(contract.subprotocol);
    expect(wire.TOKEN_PREFIX).toBe(contract.token_subprotocol_prefix);
  });
});

describe('client frames', () => {
  it('are built as the contract writes them', () => {
    const { frames } = wire;
    const conversation = '0193a2f0-0000-7000-8000-0000000000ff';
    const rated = '0193a2f0-0000-7000-8000-000000000002';
    expect([
      frames.hello(0),
      frames.hello(0, '0193a2f0-0000-7000-8000-0000000000fe'),
      frames.hello(7, conversation),
      frames.hello(7, conversation, 'de'),
      frames.earlier(41),
      frames.message('c-1', 'Can I return opened coffee beans?'),
      frames.message('c-2', '', [{ id: '0193a2f0-0000-7000-8000-0000000000f1', name: 'kettle.jpg', content_type: 'image/jpeg', size: 1 }]),
      frames.feedback(rated, 'up'),
      frames.feedback(rated, 'down', 'It is the old rule.'),
      frames.handover(),
      frames.rating(5),
      frames.typing(),
      frames.ping(),
      frames.stop('0193a2f0-0000-7000-8000-0000000000aa'),
      frames.close(),
    ]).toEqual(rawFrames);
  });
});

describe('parseEvent', () => {
  it('keeps the sequence number of a type it does not know', () => {
    expect(wire.parseEvent({ seq: 4, type: 'poll.opened', at: 'x' })).toEqual({ seq: 4, type: 'unknown', at: 'x' });
  });

  it('treats a known type with a field missing as unknown', () => {
    expect(wire.parseEvent({ seq: 4, type: 'run.started', at: '' })).toEqual({ seq: 4, type: 'unknown', at: '' });
  });

  it('falls back where a later server adds a value to a closed list', () => {
    const event = wire.parseEvent({ seq: 2, type: 'run.status', at: '', run_id: 'r', status: 'dreaming', text: 'Dreaming' });
    expect(event).toMatchObject({ type: 'run.status', status: 'searching', text: 'Dreaming' });
  });

  it('reads events of a server that knew no forms, cells and choices', () => {
    const old = citation() as unknown as Record<string, unknown>;
    delete old.cells;
    const body = { seq: 1, at: '', type: 'answer.sentence', run_id: 'r', index: 0, text: 'One.', citations: [old] };
    expect(wire.parseEvent(body)).toMatchObject({ form: 'text', number: null, citations: [{ cells: [] }] });
    const completed = { seq: 1, at: '', type: 'answer.completed', run_id: 'r', outcome: 'answered', message: message({ author: 'bot' }) };
    expect(wire.parseEvent(completed)).toMatchObject({ choices: [], offer_handover: false });
  });

  it('reads a form that a later server adds as text', () => {
    const body = { seq: 1, at: '', type: 'answer.sentence', run_id: 'r', index: 0, text: 'One.', form: 'poem', number: 'first', citations: [] };
    expect(wire.parseEvent(body)).toMatchObject({ type: 'answer.sentence', form: 'text', number: null });
  });

  it('keeps at most four choices and leaves out those it cannot read', () => {
    const choices = [{ label: ' A ', text: 'a?' }, { label: 'no text' }, 'B', { label: '', text: 'c?' }, ...'DEFG'.split('').map((label) => ({ label, text: `${label}?` }))];
    const event = wire.parseEvent({ seq: 1, at: '', type: 'answer.completed', run_id: 'r', outcome: 'asked_back', choices, message: message() });
    expect(event).toMatchObject({ outcome: 'asked_back', choices: [{ label: 'A', text: 'a?' }, { label: 'D' }, { label: 'E' }, { label: 'F' }] });
  });

  it.each([null, 'hello', 7, [], {}, { type: 'error' }, { seq: 1 }])('refuses %j, which is no event', (raw) => {
    expect(wire.parseEvent(raw)).toBeNull();
  });

  it('is not fooled by names that every object has', () => {
    expect(wire.parseEvent({ seq: 1, type: 'constructor', at: '' })).toMatchObject({ type: 'unknown' });
  });
});
