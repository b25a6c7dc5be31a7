// Tests read English, as if its file had been loaded.
import { beforeEach } from 'vitest';
import { SupportChat } from '../launcher/element';
import { en } from '../locales/en';
import { speak } from '../strings';

beforeEach(() => {
  SupportChat.provide({ words: { en } });
  speak('en', en);
});
