// Numbers with their nouns, in the forms that a language has.

type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string };

/** "1 message", "2 messages": the form for a number, with the number in the place of `#`. */
export function counted(language: string, n: number, forms: Forms): string {
  const form = forms[new Intl.PluralRules(language).select(n)] ?? forms.other;
  return form.replace('#', String(n));
}
