import type { MoreWords } from './en';
import { provideMoreWords } from './provide';

export const pt: MoreWords = {
  offered: 'Receber a resposta por e-mail',
  offeredWhy: 'Você já pode sair. Responderemos a este endereço, com um link de volta a este chat.',
  first: 'Antes de começar',
  firstWhy: 'Respondemos a este endereço quando você sai do chat.',
  name: 'Nome (opcional)',
  email: 'Endereço de e-mail',
  message: 'Algo a acrescentar? (opcional)',
  send: 'Salvar endereço',
  begin: 'Começar o chat',
  skip: 'Pular',
  close: 'Fechar',
  closeChat: 'Fechar o chat',
  sending: 'Salvando…',
  no_email: 'Informe seu endereço de e-mail.',
  bad_email: 'Isto não é um endereço de e-mail. Escreva como nome@example.com.',
  consent: 'Marque a caixa se concordar. Sem isso, nenhum endereço é guardado.',
  failed: 'O servidor não respondeu. Tente de novo.',
  files: 'Arquivos',
  uploading: 'Enviando',
  removeFile: 'Remover',
  file_too_large: 'Este arquivo é grande demais.',
  file_kind: 'Só é possível enviar imagens, PDF e arquivos de texto.',
  file_refused: 'Este arquivo não é aceito.',
  too_many_files: 'São arquivos demais. Envie estes primeiro.',
  files_off: 'Não é possível enviar arquivos aqui.',
  uploadFailed: 'O arquivo não foi enviado. Remova-o e tente de novo.',
  downloadFailed: 'Não foi possível carregar o arquivo. Tente de novo.',
};

provideMoreWords(pt);
