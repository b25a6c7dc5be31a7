// What the parts say that are rarely needed: the form for an address, and files.
import { provideMoreWords } from './provide';

export const en = {
  offered: 'Get the reply by e-mail',
  offeredWhy: 'You can leave now. A colleague replies to this address, with a link back to this chat.',
  first: 'Before we begin',
  firstWhy: 'We reply to this address when you have left the chat.',
  name: 'Name (optional)',
  email: 'E-mail address',
  message: 'Anything to add? (optional)',
  send: 'Save address',
  begin: 'Begin the chat',
  skip: 'Skip',
  close: 'Close',
  closeChat: 'Close chat',
  sending: 'Saving…',
  no_email: 'Please give your e-mail address.',
  bad_email: 'This is no e-mail address. Please write it like name@example.com.',
  consent: 'Please tick the box if you agree. Without that, no address is kept.',
  failed: 'The server could not be reached. Please try again.',
  files: 'Files',
  uploading: 'Uploading',
  removeFile: 'Remove',
  file_too_large: 'This file is too large.',
  file_kind: 'Only pictures, PDF and text files can be sent.',
  file_refused: 'This file is not taken.',
  too_many_files: 'Those are too many files. Send these first.',
  files_off: 'Files cannot be sent here.',
  uploadFailed: 'The file was not sent. Remove it and try again.',
  downloadFailed: 'The file could not be loaded. Please try again.',
  help: 'Help articles',
  helpSearch: 'Search the help',
  helpFind: 'Search',
  helpResults: 'Results',
  helpAll: 'All articles',
  helpNone: 'Nothing was found. Try other words, or ask here:',
  helpFailed: 'The help could not be loaded.',
  helpBack: 'Back to the help',
  helpAsk: 'Ask about this',
};

export type MoreWords = typeof en;

provideMoreWords(en);
