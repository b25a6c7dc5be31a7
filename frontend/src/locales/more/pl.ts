import type { MoreWords } from './en';
import { provideMoreWords } from './provide';

export const pl: MoreWords = {
  offered: 'Otrzymaj odpowiedź e-mailem',
  offeredWhy: 'Możesz już wyjść. Odpowiemy na ten adres, z linkiem do tej rozmowy.',
  first: 'Zanim zaczniemy',
  firstWhy: 'Na ten adres odpowiadamy, gdy opuścisz czat.',
  name: 'Imię (opcjonalnie)',
  email: 'Adres e-mail',
  message: 'Chcesz coś dodać? (opcjonalnie)',
  send: 'Zapisz adres',
  begin: 'Rozpocznij czat',
  skip: 'Pomiń',
  close: 'Zamknij',
  closeChat: 'Zamknij czat',
  sending: 'Zapisywanie…',
  no_email: 'Podaj swój adres e-mail.',
  bad_email: 'To nie jest adres e-mail. Wpisz go tak: nazwa@example.com.',
  consent: 'Zaznacz pole, jeśli się zgadzasz. Bez tego nie zapiszemy adresu.',
  failed: 'Serwer nie odpowiedział. Spróbuj ponownie.',
  files: 'Pliki',
  uploading: 'Przesyłanie',
  removeFile: 'Usuń',
  file_too_large: 'Ten plik jest za duży.',
  file_kind: 'Można wysyłać tylko obrazy, pliki PDF i tekstowe.',
  file_refused: 'Ten plik nie jest przyjmowany.',
  too_many_files: 'Za dużo plików. Najpierw wyślij te.',
  files_off: 'Tutaj nie można wysyłać plików.',
  uploadFailed: 'Plik nie został wysłany. Usuń go i spróbuj ponownie.',
  downloadFailed: 'Nie udało się wczytać pliku. Spróbuj ponownie.',
};

provideMoreWords(pl);
