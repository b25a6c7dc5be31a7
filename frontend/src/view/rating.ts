// The question how the support was: five buttons, and what was answered.
import type { Notice } from '../state';
import { strings } from '../strings';
import type { Actions } from './actions';
import { button, el } from './dom';

const SCORES = [1, 2, 3, 4, 5];

export function ratingRow(rating: Extract<Notice, { about: 'rating' }>, actions: Actions): HTMLElement {
  if (rating.score !== null) return el('p', { class: 'notice', dir: 'auto' }, [strings.ratingThanks(rating.score)]);
  const buttons = SCORES.map((score) =>
    button({ class: 'choice', testid: `rating-${score}`, 'aria-label': strings.ratingLabel(score) }, [String(score)], () =>
      actions.rateSupport(score),
    ),
  );
  return el('fieldset', { class: 'rating', testid: 'rating' }, [
    el('legend', { dir: 'auto' }, [rating.text]),
    el('div', { class: 'rating-row' }, [
      el('span', { 'aria-hidden': 'true' }, [strings.ratingWorst]),
      ...buttons,
      el('span', { 'aria-hidden': 'true' }, [strings.ratingBest]),
    ]),
  ]);
}
