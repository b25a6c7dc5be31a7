// A site's page in the admin: the preview follows the form, and the line to paste is copied.
'use strict';

document.addEventListener('DOMContentLoaded', () => {
  const frame = document.querySelector('[data-site-preview]');
  if (!frame) return;
  const form = document.getElementById('id_name')?.form;

  const value = (name) => document.getElementById(`id_${name}`)?.value.trim() ?? '';
  const lines = (name) => value(name).split('\n').map((line) => line.trim()).filter((line) => line !== '');

  // As supportbot/widget/colours.py: whichever of the two has more contrast.
  const luminance = (colour) => {
    const [red, green, blue] = [1, 3, 5].map((at) => {
      const share = parseInt(colour.slice(at, at + 2), 16) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };

  const dress = () => {
    const chat = frame.contentDocument?.querySelector('support-chat');
    if (!chat) return;
    const wanted = {
      heading: value('heading'),
      greeting: value('greeting'),
      suggestions: lines('suggestions').length ? JSON.stringify(lines('suggestions')) : '',
      'privacy-url': value('privacy_url'),
      position: value('position'),
      theme: value('theme'),
      lang: value('language'),
      'ask-first': value('ask_first'),
      consent: value('consent'),
      help: document.getElementById('id_has_help')?.checked === false ? 'off' : '',
      'follow-ups': document.getElementById('id_follow_ups')?.checked === false ? 'off' : '',
    };
    for (const [name, said] of Object.entries(wanted)) {
      if (said === '') chat.removeAttribute(name);
      else if (chat.getAttribute(name) !== said) chat.setAttribute(name, said);
    }
    const colour = value('colour');
    if (!/^#[0-9a-f]{6}$/i.test(colour)) return;
    const [white, black] = ['#ffffff', '#000000'];
    chat.style.setProperty('--site-colour', colour);
    chat.style.setProperty('--site-text', contrast(white, colour) >= contrast(black, colour) ? white : black);
  };

  // The script in the frame puts the element there when it has come.
  const watch = () => {
    new MutationObserver(dress).observe(frame.contentDocument.body, { childList: true });
    dress();
  };
  frame.addEventListener('load', watch);
  if (frame.contentDocument?.readyState === 'complete' && frame.contentDocument.body) watch();
  form?.addEventListener('input', dress);
  form?.addEventListener('change', dress);

});

document.addEventListener('DOMContentLoaded', () => {
  document.querySelector('[data-copy-snippet]')?.addEventListener('click', async () => {
    const snippet = document.querySelector('[data-snippet]');
    const status = document.querySelector('[data-copied]');
    try {
      await navigator.clipboard.writeText(snippet.textContent);
      status.textContent = 'Copied.';
    } catch {
      getSelection().selectAllChildren(snippet);
      status.textContent = 'Selected: press Ctrl+C to copy.';
    }
  });
});
