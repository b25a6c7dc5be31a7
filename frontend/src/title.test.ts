// The number of unread messages in the title of a page that nobody looks at.
import { beforeEach, expect, it } from 'vitest';
import { TitleNotice } from './title';

beforeEach(() => {
  document.title = 'A shop';
});

it('comes, changes and goes', () => {
  const notice = new TitleNotice();
  for (const [count, title] of [[1, '(1) A shop'], [2, '(2) A shop'], [2, '(2) A shop'], [0, 'A shop']] as const) {
    notice.show(count);
    expect(document.title).toBe(title);
  }
});

it('leaves the page its own title', () => {
  const notice = new TitleNotice();
  notice.show(1);
  document.title = 'Another page';
  notice.show(2);
  expect(document.title).toBe('(2) Another page');
  document.title = 'A third page';
  notice.show(0);
  expect(document.title).toBe('A third page');
});
