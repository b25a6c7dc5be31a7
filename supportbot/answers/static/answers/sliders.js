// The value of a slider stands beside it while it is moved.
for (const slider of document.querySelectorAll('input[type=range]')) {
  const shown = document.querySelector(`output[for="${slider.id}"]`);
  slider.addEventListener('input', () => {
    shown.textContent = Number(slider.value).toFixed(2);
  });
}
