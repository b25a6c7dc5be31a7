import type { MoreWords } from './en';
import { provideMoreWords } from './provide';

export const ja: MoreWords = {
  offered: '返信をメールで受け取る',
  offeredWhy: 'このまま離れても大丈夫です。担当者がこのアドレスに返信し、このチャットへのリンクをお送りします。',
  first: 'はじめる前に',
  firstWhy: 'チャットを離れた後は、このアドレスに返信します。',
  name: 'お名前（任意）',
  email: 'メールアドレス',
  message: '追加で伝えたいこと（任意）',
  send: 'アドレスを保存',
  begin: 'チャットを始める',
  skip: 'スキップ',
  close: '閉じる',
  closeChat: 'チャットを閉じる',
  sending: '保存しています…',
  no_email: 'メールアドレスを入力してください。',
  bad_email: 'メールアドレスではありません。name@example.com のように入力してください。',
  consent: '同意する場合はチェックを入れてください。チェックがないとアドレスは保存されません。',
  failed: 'サーバーに接続できませんでした。もう一度お試しください。',
  files: 'ファイル',
  uploading: 'アップロード中',
  removeFile: '削除',
  file_too_large: 'このファイルは大きすぎます。',
  file_kind: '送信できるのは画像、PDF、テキストファイルだけです。',
  file_refused: 'このファイルは受け付けられません。',
  too_many_files: 'ファイルが多すぎます。先にこれらを送信してください。',
  files_off: 'ここではファイルを送信できません。',
  uploadFailed: 'ファイルは送信されませんでした。削除してもう一度お試しください。',
  downloadFailed: 'ファイルを読み込めませんでした。もう一度お試しください。',
};

provideMoreWords(ja);
