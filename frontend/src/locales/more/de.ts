import type { MoreWords } from './en';
import { provideMoreWords } from './provide';

export const de: MoreWords = {
  offered: 'Antwort per E-Mail erhalten',
  offeredWhy: 'Sie können jetzt gehen. Wir antworten an diese Adresse, mit einem Link zurück in diesen Chat.',
  first: 'Bevor wir beginnen',
  firstWhy: 'An diese Adresse antworten wir, wenn Sie den Chat verlassen haben.',
  name: 'Name (freiwillig)',
  email: 'E-Mail-Adresse',
  message: 'Möchten Sie etwas ergänzen? (freiwillig)',
  send: 'Adresse speichern',
  begin: 'Chat beginnen',
  skip: 'Überspringen',
  close: 'Schließen',
  closeChat: 'Chat schließen',
  sending: 'Wird gespeichert…',
  no_email: 'Bitte geben Sie Ihre E-Mail-Adresse an.',
  bad_email: 'Das ist keine E-Mail-Adresse. Bitte schreiben Sie sie wie name@example.com.',
  consent: 'Bitte setzen Sie den Haken, wenn Sie zustimmen. Ohne ihn wird keine Adresse gespeichert.',
  failed: 'Der Server war nicht erreichbar. Bitte versuchen Sie es noch einmal.',
  files: 'Dateien',
  uploading: 'Wird hochgeladen',
  removeFile: 'Entfernen',
  file_too_large: 'Diese Datei ist zu groß.',
  file_kind: 'Nur Bilder, PDF und Textdateien können gesendet werden.',
  file_refused: 'Diese Datei wird nicht angenommen.',
  too_many_files: 'Das sind zu viele Dateien. Senden Sie zuerst diese.',
  files_off: 'Hier können keine Dateien gesendet werden.',
  uploadFailed: 'Die Datei wurde nicht gesendet. Entfernen Sie sie und versuchen Sie es noch einmal.',
  downloadFailed: 'Die Datei konnte nicht geladen werden. Bitte versuchen Sie es noch einmal.',
};

provideMoreWords(de);
