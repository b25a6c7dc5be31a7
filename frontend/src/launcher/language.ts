// Which language the widget speaks: what the page asks for, else the page's own, else the browser's, else English.

export const LANGUAGES = ['en', 'de', 'fr', 'es', 'pt', 'it', 'nl', 'pl', 'ar', 'ja'] as const;
export type Language = (typeof LANGUAGES)[number];

export interface Choice {
  readonly language: Language;
  /** The whole tag, as `en-GB`: dates are written by it. */
  readonly tag: string;
}

export function languageOf(tag: string): Language | null {
  const [first] = tag.trim().toLowerCase().split(/[-_]/);
  return LANGUAGES.find((each) => each === first) ?? null;
}

/** The first tag of a language that there are words in. */
export function chooseLanguage(wanted: readonly (string | null)[]): Choice {
  for (const each of wanted) {
    const language = languageOf(each ?? '');
    if (each !== null && language) return { language, tag: validTag(each.trim()) ?? language };
  }
  return { language: 'en', tag: 'en' };
}

/** The tag as Intl takes it: pages also write `pt_BR`. */
function validTag(tag: string): string | null {
  try {
    return Intl.getCanonicalLocales(tag.replace(/_/g, '-'))[0] ?? null;
  } catch {
    return null;
  }
}

export const directionOf = (language: Language): 'ltr' | 'rtl' => (language === 'ar' ? 'rtl' : 'ltr');

/** What the launcher says before anything else is loaded: its name, and that loading has failed. */
export const LAUNCHER_WORDS: Readonly<Record<Language, readonly [open: string, failed: string]>> = {
  en: ['Open chat', 'Not loaded. Try again.'],
  de: ['Chat öffnen', 'Nicht geladen. Noch einmal versuchen.'],
  fr: ['Ouvrir le chat', 'Échec du chargement. Réessayez.'],
  es: ['Abrir el chat', 'No se ha cargado. Inténtalo de nuevo.'],
  pt: ['Abrir o chat', 'Não carregou. Tente novamente.'],
  it: ['Apri la chat', 'Non caricata. Riprova.'],
  nl: ['Chat openen', 'Niet geladen. Probeer opnieuw.'],
  pl: ['Otwórz czat', 'Nie wczytano. Spróbuj ponownie.'],
  ar: ['فتح الدردشة', 'تعذّر التحميل. حاول مجددًا.'],
  ja: ['チャットを開く', '読み込めません。再試行してください。'],
};
