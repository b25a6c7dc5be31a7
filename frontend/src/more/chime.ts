// Two short notes. A browser that does not let the page be heard keeps quiet, and so does this.

const NOTES = [
  { hertz: 660, at: 0 },
  { hertz: 880, at: 0.12 },
];
const SECONDS = 0.35;
const LOUDNESS = 0.08;

export function chime(): void {
  // Browsers let a page be heard once it was clicked on. Newer ones say whether it was.
  if (typeof AudioContext === 'undefined' || isUntouched()) return;
  const audio = new AudioContext();
  for (const { hertz, at } of NOTES) {
    const [tone, volume, begin] = [audio.createOscillator(), audio.createGain(), audio.currentTime + at];
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(LOUDNESS, begin);
    volume.gain.exponentialRampToValueAtTime(0.0001, begin + SECONDS);
    tone.connect(volume).connect(audio.destination);
    tone.start(begin);
    tone.stop(begin + SECONDS);
  }
  // One that was not allowed to begin ends here: a sound that comes late tells nothing.
  setTimeout(() => void audio.close(), 1_200);
}

function isUntouched(): boolean {
  return 'userActivation' in navigator && !navigator.userActivation.hasBeenActive;
}
