import type { MoreWords } from './en';
import { provideMoreWords } from './provide';

export const it: MoreWords = {
  offered: 'Ricevi la risposta via e-mail',
  offeredWhy: 'Puoi andare. Risponderemo a questo indirizzo, con un link per tornare a questa chat.',
  first: 'Prima di iniziare',
  firstWhy: 'Rispondiamo a questo indirizzo quando hai lasciato la chat.',
  name: 'Nome (facoltativo)',
  email: 'Indirizzo e-mail',
  message: 'Qualcosa da aggiungere? (facoltativo)',
  send: 'Salva indirizzo',
  begin: 'Inizia la chat',
  skip: 'Salta',
  close: 'Chiudi',
  closeChat: 'Chiudi la chat',
  sending: 'Salvataggio…',
  no_email: 'Indica il tuo indirizzo e-mail.',
  bad_email: 'Non è un indirizzo e-mail. Scrivilo come nome@example.com.',
  consent: 'Spunta la casella se sei d’accordo. Altrimenti nessun indirizzo viene conservato.',
  failed: 'Il server non ha risposto. Riprova.',
  files: 'File',
  uploading: 'Caricamento',
  removeFile: 'Rimuovi',
  file_too_large: 'Questo file è troppo grande.',
  file_kind: 'Si possono inviare solo immagini, PDF e file di testo.',
  file_refused: 'Questo file non è accettato.',
  too_many_files: 'Sono troppi file. Invia prima questi.',
  files_off: 'Qui non si possono inviare file.',
  uploadFailed: 'Il file non è stato inviato. Rimuovilo e riprova.',
  downloadFailed: 'Impossibile caricare il file. Riprova.',
};

provideMoreWords(it);
