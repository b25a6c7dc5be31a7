// A site's page in the admin: the preview follows the form, and the line to paste is copied.
'use strict';

document.addEventListener('DOMContentLoaded', () => {
  const frame = document.querySelector('[data-site-preview]');
  if (!frame) return;
  const form = document.getElementById('id_name')?.form;

  const value = (name) => document.getElementById(`id_${name}`)?.value.trim() ?? '';
  const lines = (name) => value(name).split('\n').map((line) => line.trim()).filter((line) => line !== '');

  // The server says which text is read best on a colour.
  const textOn = new Map();
  const readTextOn = async (colour) => {
    textOn.set(colour, '');
    const address = `${frame.dataset.textColour}?colour=${encodeURIComponent(colour)}`;
    const response = await fetch(address).catch(() => null);
    if (!response?.ok) textOn.delete(colour);
    else {
      textOn.set(colour, await response.text());
      dress();
    }
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
      sound: document.getElementById('id_has_sound')?.checked ? 'on' : '',
      'follow-ups': document.getElementById('id_follow_ups')?.checked === false ? 'off' : '',
    };
    for (const [name, said] of Object.entries(wanted)) {
      if (said === '') chat.removeAttribute(name);
      else if (chat.getAttribute(name) !== said) chat.setAttribute(name, said);
    }
    const colour = value('colour');
    if (!/^#[0-9a-f]{6}$/i.test(colour)) return;
    chat.style.setProperty('--site-colour', colour);
    if (textOn.get(colour)) chat.style.setProperty('--site-text', textOn.get(colour));
    else if (!textOn.has(colour)) readTextOn(colour);
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
