import type { MoreWords } from './en';
import { provideMoreWords } from './provide';

export const es: MoreWords = {
  offered: 'Recibir la respuesta por correo',
  offeredWhy: 'Ya puedes irte. Te responderemos a esta dirección, con un enlace a este chat.',
  first: 'Antes de empezar',
  firstWhy: 'Respondemos a esta dirección cuando ya no estás en el chat.',
  name: 'Nombre (opcional)',
  email: 'Correo electrónico',
  message: '¿Algo que añadir? (opcional)',
  send: 'Guardar dirección',
  begin: 'Empezar el chat',
  skip: 'Omitir',
  close: 'Cerrar',
  closeChat: 'Cerrar el chat',
  sending: 'Guardando…',
  no_email: 'Indica tu correo electrónico.',
  bad_email: 'No es un correo electrónico. Escríbelo como nombre@example.com.',
  consent: 'Marca la casilla si estás de acuerdo. Si no, no se guarda ninguna dirección.',
  failed: 'No se pudo conectar con el servidor. Inténtalo de nuevo.',
  files: 'Archivos',
  uploading: 'Subiendo',
  removeFile: 'Quitar',
  file_too_large: 'Este archivo es demasiado grande.',
  file_kind: 'Solo se pueden enviar imágenes, PDF y archivos de texto.',
  file_refused: 'Este archivo no se acepta.',
  too_many_files: 'Son demasiados archivos. Envía primero estos.',
  files_off: 'Aquí no se pueden enviar archivos.',
  uploadFailed: 'El archivo no se envió. Quítalo e inténtalo de nuevo.',
  downloadFailed: 'No se pudo cargar el archivo. Inténtalo de nuevo.',
};

provideMoreWords(es);
