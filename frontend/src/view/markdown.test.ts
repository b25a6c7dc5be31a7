// The safe part of Markdown, and what hostile text does not become.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { citation, message, sentence } from '../testing/contract';
import { fakeServer } from '../testing/server';
import { Widget, says } from '../testing/widget';
import { blocks, inline, plainText } from './markdown';

function html(nodes: readonly (Node | string)[]): string {
  const holder = document.createElement('div');
  holder.append(...nodes);
  // eslint-disable-next-line no-restricted-properties -- it is read here, not set
  return holder.innerHTML.replace(/ (?:class|target|rel|data-testid|title|dir|tabindex|role|aria-label)="[^"]*"/g, '');
}

describe('a line', () => {
  it.each([
    ['**Sealed** food, *not* opened', '<strong>Sealed</strong> food, <em>not</em> opened'],
    ['**two *kinds* of it**', '<strong>two <em>kinds</em> of it</strong>'],
    ['Run `npm **ci**` now', 'Run <code>npm **ci**</code> now'],
    ['snake_case_name and 2*3*4 stay', 'snake_case_name and 2*3*4 stay'],
    ['5 * 3 and a lone * or **', '5 * 3 and a lone * or **'],
    ['\\*not strong\\*', '*not strong*'],
    ['See [our terms](https://shop.example/terms_(new)).', 'See <a href="https://shop.example/terms_(new)">our terms</a>.'],
    ['Look at https://shop.example/a_b_c?d=1.', 'Look at <a href="https://shop.example/a_b_c?d=1">https://shop.example/a_b_c?d=1</a>.'],
    ['(https://shop.example/x)', '(<a href="https://shop.example/x">https://shop.example/x</a>)'],
  ])('%s', (text, expected) => {
    expect(html(inline(text))).toBe(expected);
  });

  it('opens links in a window that knows nothing of this one', () => {
    const [link] = inline('[x](https://shop.example/)') as HTMLAnchorElement[];
    expect([link?.target, link?.rel]).toEqual(['_blank', 'noopener noreferrer nofollow']);
  });
});

describe('hostile text', () => {
  it.each([
    '<img src=x onerror=alert(1)>',
    '<script>alert(1)</script>',
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](data:text/html,<script>alert(1)</script>)',
    '[x](vbscript:x)',
    '[x](//evil.example)',
    '[x](/admin/logout/)',
    '[x](https://shop.example@evil.example/)',
    '![x](https://evil.example/pixel.png?secret)',
    '**<b onclick=alert(1)>x</b>**',
    '```\n<img src=x onerror=alert(1)>\n```',
    '| <img src=x> | <svg onload=alert(1)> |\n|---|---|\n| a | b |',
    '[<img src=x>](https://shop.example "onmouseover=alert(1)")',
    '[x](https://shop.example/"onmouseover="alert(1))',
  ])('%s', (text) => {
    const holder = document.createElement('div');
    holder.append(...blocks(text));
    expect(holder.querySelectorAll('img, script, svg, b, iframe, style, object')).toHaveLength(0);
    for (const link of holder.querySelectorAll('a')) {
      expect(link.getAttribute('href')).toMatch(/^https?:\/\/(?:shop|evil)\.example\//);
      expect(link.getAttributeNames().filter((name) => name.startsWith('on'))).toEqual([]);
    }
  });

  it('cannot name one address and lead to another', () => {
    expect(html(inline('[https://bank.example/login](https://evil.example/)'))).toContain('>https://evil.example/</a>');
    expect(html(inline('[bank.example](https://evil.example/)'))).toContain('>https://evil.example/</a>');
    expect(html(inline('[www.shop.example](https://shop.example/)'))).toContain('>www.shop.example</a>');
  });

  it('takes no more than linear time', () => {
    const started = performance.now();
    for (const part of ['[', '**', '*a', '`', '_a_', '[a](', 'https://', '> ', '| a ', '- ', '((((']) blocks(part.repeat(19_000 / part.length));
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(html(blocks('**x** '.repeat(10_000)))).not.toContain('<strong>');
  });
});

describe('a message', () => {
  it('has paragraphs, lists in lists, quotes and code', () => {
    const text = 'Hello\nAda\n\n1. First\n2. Second\n   - inner\n   goes on\n\n> quoted\n\n```sh\na < b\n```\n# End';
    expect(html(blocks(text))).toBe(
      '<p>Hello\nAda</p><ol start="1"><li>First</li><li>Second<ul><li>inner\ngoes on</li></ul></li></ol>' +
        '<blockquote><p>quoted</p></blockquote><pre><code>a &lt; b</code></pre><p><strong>End</strong></p>',
    );
  });

  it('has tables, with pipes in cells', () => {
    expect(html(blocks('| Size | Price |\n|:--|--:|\n| S \\| M | **4** |'))).toBe(
      '<div><table><tr><th scope="col">Size</th><th scope="col">Price</th></tr><tr><td>S | M</td><td><strong>4</strong></td></tr></table></div>',
    );
  });

  it('is spoken without its signs', () => {
    expect(plainText('**Yes**, see [the terms](https://shop.example/t).')).toBe('Yes, see the terms.');
    expect(plainText('| Size | Price |\n|---|---|\n| S | 4 |')).toBe('Size, Price S, 4');
  });
});

describe('the widget', () => {
  afterEach(() => {
    document.body.replaceChildren();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const AT = '2026-11-21T10:00:00Z';

  async function shows(...events: readonly unknown[]): Promise<Widget> {
    vi.useFakeTimers();
    localStorage.clear();
    sessionStorage.clear();
    fakeServer();
    const widget = await Widget.open();
    await says(...events);
    return widget;
  }

  it('reads Markdown of agents, and shows what customers write as it is', async () => {
    const widget = await shows(
      { seq: 1, type: 'message.created', at: AT, message: message({ text: '**mine**' }) },
      { seq: 2, type: 'message.created', at: AT, message: message({ id: 'm-2', author: 'agent', agent_name: 'Ben', text: '**Yes**, see https://shop.example/t' }) },
    );
    expect(widget.all('.mine .bubble')[0]?.textContent).toBe('**mine**');
    expect(widget.all('.theirs strong')[0]?.textContent).toBe('Yes');
    expect(widget.one('link').getAttribute('href')).toBe('https://shop.example/t');
  });

  it('makes one table of the rows of an answer, which come one by one', async () => {
    const started = { seq: 1, type: 'run.started', at: AT, run_id: 'r', message_id: 'm' };
    const says_ = (seq: number, text: string): unknown => ({ ...sentence({ text, citations: [citation()] }), seq, type: 'answer.sentence', at: AT, run_id: 'r', index: seq - 2 });
    const widget = await shows(started, says_(2, 'The prices:'), says_(3, '| Size | Price |'));
    expect(widget.all('.answer table')).toHaveLength(0);
    await says(says_(4, '| S | `4` |'), says_(5, 'That is all.'));
    expect(widget.all('.answer table th').map((each) => each.textContent)).toEqual(['Size', 'Price1']);
    expect(widget.all('.answer table td code')[0]?.textContent).toBe('4');
    expect(widget.named('sentence')).toHaveLength(4);
  });
});
