// What one script tag does to a page.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SupportChat } from './element';
import { attributesOf, register } from './install';

function script(data: Readonly<Record<string, string>> = {}): HTMLScriptElement {
  const element = document.createElement('script');
  // A script with a src would be fetched; only the property is read.
  Object.defineProperty(element, 'src', { value: 'https://help.example/static/widget/support-chat.js' });
  for (const [name, value] of Object.entries(data)) element.setAttribute(name, value);
  return element;
}

afterEach(() => {
  document.body.replaceChildren();
  vi.restoreAllMocks();
});

describe('the script', () => {
  it('turns data attributes into attributes of the element', () => {
    const found = attributesOf(script({ 'data-title': 'Help', 'data-privacy-url': '/p', async: '' }));
    expect([...found]).toEqual([
      ['heading', 'Help'],
      ['privacy-url', '/p'],
    ]);
  });

  it('puts one element on the page, whose server is where the script came from', () => {
    register(script({ 'data-title': 'Help' }));
    const placed = document.querySelectorAll('support-chat');
    expect(placed).toHaveLength(1);
    expect(placed[0]?.getAttribute('heading')).toBe('Help');
    expect((placed[0] as SupportChat).baseUrl).toBe('https://help.example');
  });

  it('defines nothing and adds nothing the second time', () => {
    const define = vi.spyOn(customElements, 'define');
    register(script());
    register(script());
    expect(define).not.toHaveBeenCalled();
    expect(document.querySelectorAll('support-chat')).toHaveLength(1);
  });

  it('gives a page that has lost its element another one', () => {
    register(script({ 'data-title': 'Before' }));
    document.body.replaceChildren();
    register(script({ 'data-title': 'After' }));
    expect(document.querySelector('support-chat')?.getAttribute('heading')).toBe('After');
  });
});

describe('a page that brings its own element', () => {
  it('gets no second one', () => {
    vi.spyOn(customElements, 'get').mockReturnValue(undefined);
    vi.spyOn(customElements, 'define').mockImplementation(() => undefined);
    document.body.append(document.createElement('support-chat'));
    register(script());
    expect(document.querySelectorAll('support-chat')).toHaveLength(1);
  });
});
