import type { MoreWords } from './en';
import { provideMoreWords } from './provide';

export const ar: MoreWords = {
  offered: 'استلام الرد بالبريد الإلكتروني',
  offeredWhy: 'يمكنك المغادرة الآن. سيرد أحد زملائنا على هذا العنوان مع رابط يعيدك إلى هذه المحادثة.',
  first: 'قبل أن نبدأ',
  firstWhy: 'نرد على هذا العنوان بعد مغادرتك الدردشة.',
  name: 'الاسم (اختياري)',
  email: 'البريد الإلكتروني',
  message: 'هل تريد إضافة شيء؟ (اختياري)',
  send: 'حفظ العنوان',
  begin: 'بدء الدردشة',
  skip: 'تخطٍّ',
  close: 'إغلاق',
  closeChat: 'إغلاق الدردشة',
  sending: 'جارٍ الحفظ…',
  no_email: 'يرجى إدخال بريدك الإلكتروني.',
  bad_email: 'هذا ليس عنوان بريد إلكتروني. اكتبه مثل name@example.com.',
  consent: 'يرجى وضع علامة في المربع إذا كنت موافقًا. بدون ذلك لا يُحفظ أي عنوان.',
  failed: 'تعذر الوصول إلى الخادم. يرجى المحاولة مرة أخرى.',
  files: 'الملفات',
  uploading: 'جارٍ الرفع',
  removeFile: 'إزالة',
  file_too_large: 'هذا الملف كبير جدًا.',
  file_kind: 'يمكن إرسال الصور وملفات PDF والملفات النصية فقط.',
  file_refused: 'هذا الملف غير مقبول.',
  too_many_files: 'عدد الملفات كبير جدًا. أرسل هذه أولًا.',
  files_off: 'لا يمكن إرسال ملفات هنا.',
  uploadFailed: 'لم يُرسل الملف. أزله وحاول مرة أخرى.',
  downloadFailed: 'تعذر تحميل الملف. يرجى المحاولة مرة أخرى.',
};

provideMoreWords(ar);
