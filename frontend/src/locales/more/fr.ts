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
  files: 'Fichiers',
  uploading: 'Envoi en cours',
  removeFile: 'Retirer',
  file_too_large: 'Ce fichier est trop volumineux.',
  file_kind: 'Seuls les images, les PDF et les fichiers texte peuvent être envoyés.',
  file_refused: 'Ce fichier n’est pas accepté.',
  too_many_files: 'Il y a trop de fichiers. Envoyez d’abord ceux-ci.',
  files_off: 'Aucun fichier ne peut être envoyé ici.',
  uploadFailed: 'Le fichier n’a pas été envoyé. Retirez-le et réessayez.',
  downloadFailed: 'Le fichier n’a pas pu être chargé. Réessayez.',
};

provideMoreWords(fr);
