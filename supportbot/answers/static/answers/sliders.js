// The value of a slider stands beside it while it is moved. Once it is let go, the stored messages
// that would change are shown below.
const form = document.getElementById('try-form');
const changed = document.getElementById('changed');
let underWay = null;

for (const slider of form.querySelectorAll('input[type=range]')) {
  const shown = form.querySelector(`output[for="${slider.id}"]`);
  slider.addEventListener('input', () => {
    shown.textContent = Number(slider.value).toFixed(2);
  });
  slider.addEventListener('change', showChanges);
}

async function showChanges() {
  underWay?.abort();
  const mine = (underWay = new AbortController());
  const sent = new FormData(form);
  sent.set('text', '');
  sent.set('compare', '1');
  changed.setAttribute('aria-busy', 'true');
  changed.textContent = 'Comparing the stored messages…';
  try {
    const response = await fetch(location.href, { method: 'POST', body: sent, signal: mine.signal });
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    changed.replaceChildren(...page.getElementById('changed').childNodes);
  } catch {
    if (mine.signal.aborted) return;
    changed.textContent = 'The stored messages could not be compared. Move the slider again.';
  }
  changed.removeAttribute('aria-busy');
}
