import type { MoreWords } from './en';
import { provideMoreWords } from './provide';

export const nl: MoreWords = {
  offered: 'Antwoord per e-mail ontvangen',
  offeredWhy: 'Je kunt nu weggaan. We antwoorden op dit adres, met een link terug naar deze chat.',
  first: 'Voordat we beginnen',
  firstWhy: 'Op dit adres antwoorden we als je de chat hebt verlaten.',
  name: 'Naam (optioneel)',
  email: 'E-mailadres',
  message: 'Wil je nog iets toevoegen? (optioneel)',
  send: 'Adres opslaan',
  begin: 'Chat beginnen',
  skip: 'Overslaan',
  close: 'Sluiten',
  closeChat: 'Chat sluiten',
  sending: 'Opslaan…',
  no_email: 'Vul je e-mailadres in.',
  bad_email: 'Dit is geen e-mailadres. Schrijf het als naam@example.com.',
  consent: 'Vink het vakje aan als je akkoord gaat. Anders wordt er geen adres bewaard.',
  failed: 'De server reageerde niet. Probeer het opnieuw.',
  files: 'Bestanden',
  uploading: 'Uploaden',
  removeFile: 'Verwijderen',
  file_too_large: 'Dit bestand is te groot.',
  file_kind: 'Alleen afbeeldingen, pdf en tekstbestanden kunnen worden verzonden.',
  file_refused: 'Dit bestand wordt niet aangenomen.',
  too_many_files: 'Dat zijn te veel bestanden. Verzend deze eerst.',
  files_off: 'Hier kunnen geen bestanden worden verzonden.',
  uploadFailed: 'Het bestand is niet verzonden. Verwijder het en probeer het opnieuw.',
  downloadFailed: 'Het bestand kon niet worden geladen. Probeer het opnieuw.',
};

provideMoreWords(nl);
