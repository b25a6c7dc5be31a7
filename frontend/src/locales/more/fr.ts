import type { MoreWords } from './en';
import { provideMoreWords } from './provide';

export const fr: MoreWords = {
  offered: 'Recevoir la réponse par e-mail',
  offeredWhy: 'Vous pouvez partir. Un collègue répondra à cette adresse, avec un lien vers cette conversation.',
  first: 'Avant de commencer',
  firstWhy: 'Nous répondons à cette adresse quand vous avez quitté le chat.',
  name: 'Nom (facultatif)',
  email: 'Adresse e-mail',
  message: 'Quelque chose à ajouter ? (facultatif)',
  send: 'Enregistrer l’adresse',
  begin: 'Commencer',
  skip: 'Passer',
  close: 'Fermer',
  closeChat: 'Fermer le chat',
  sending: 'Enregistrement…',
  no_email: 'Indiquez votre adresse e-mail.',
  bad_email: 'Ce n’est pas une adresse e-mail. Écrivez-la comme nom@example.com.',
  consent: 'Cochez la case si vous acceptez. Sinon, aucune adresse n’est conservée.',
  failed: 'Le serveur n’a pas répondu. Réessayez.',
};

provideMoreWords(fr);
