// Every word the widget says, in one place. A translation is another object of the type Strings.

const plural = new Intl.PluralRules('en');

function count(n: number, one: string, other: string): string {
  return `${n} ${plural.select(n) === 'one' ? one : other}`;
}

export const strings = {
  heading: 'Support',
  subtitle: 'You are talking with the assistant',
  subtitleWaiting: 'A colleague will reply',
  subtitleClosed: 'This conversation has ended',
  subtitleAgent: (name: string) => `You are talking with ${name}`,
  agentFallback: 'a colleague',
  greeting: 'Hello! How can we help?',
  greetingDetail: 'Ask a question. Every answer shows the passages it rests on.',
  suggestions: 'Example questions',
  choices: 'Suggestions',
  choicesOffered: (labels: readonly string[]) => `Suggestions: ${labels.join('; ')}`,
  placeholder: 'Ask a question…',
  placeholderAgent: 'Write a message…',
  placeholderClosed: 'Start a new conversation…',
  disclosure: 'Automated assistant',
  privacy: 'Privacy',

  open: 'Open chat',
  openUnread: (n: number) => `Open chat, ${count(n, 'unread message', 'unread messages')}`,
  close: 'Close chat',
  input: 'Your message',
  send: 'Send message',
  log: 'Conversation',
  newMessage: 'New message',

  you: 'You',
  bot: 'Assistant',
  agent: 'Support',
  sending: 'Sending…',
  notSent: 'This message was not sent.',
  tryAgain: 'Try again',
  edit: 'Edit',

  thinking: 'Reading your question',
  restarted: 'Starting the answer again…',
  typing: (name: string) => (name === '' ? 'Typing…' : `${name} is typing…`),

  talkToPerson: 'Talk to a person',
  personAsked: 'A person has been asked',
  waiting: 'A colleague will reply here',
  noticeWaiting: 'You asked for a person',
  ratingLabel: (score: number) => `${score} of 5`,
  ratingWorst: 'Bad',
  ratingBest: 'Good',
  ratingThanks: (score: number) => `You gave us ${score} of 5. Thank you.`,
  noticeJoined: (name: string) => `${name} joined the conversation`,
  noticeJoinedUnnamed: 'A colleague joined the conversation',
  noticeReturned: 'The assistant is answering again',
  ticketSolved: 'This conversation was marked as solved. Write again if you need more help.',
  writeAgain: 'Write again if you need more help.',

  end: 'End chat',
  endConfirm: 'Really end it?',
  earlierConversations: 'Earlier conversations',
  noEarlier: 'There are no earlier conversations.',
  earlierFailed: 'Your earlier conversations could not be loaded.',
  backToChat: 'Back to the chat',
  backToEarlier: 'Back to earlier conversations',
  loading: 'Loading…',

  source: 'Source',
  sourcesHeading: 'Sources',
  table: 'Table',
  passageLoading: 'The passage is being loaded…',
  passageFailed: 'The passage could not be loaded. Close this and open the source again.',
  forget: 'Forget me',
  forgetQuestion: 'Forget this conversation on all your devices? You cannot open it again.',
  forgetFailed: 'The server could not be reached, so nothing was forgotten. Please try again.',
  earlierMessages: 'Show earlier messages',
  earlierMessagesFailed: 'Earlier messages could not be loaded.',
  citation: (n: number, title: string) => `Source ${n}: ${title}`,
  closeSource: 'Close source',
  page: (n: number) => `Page ${n}`,
  version: (n: number) => `Version ${n}`,
  effectiveFrom: (date: string) => `in effect from ${date}`,
  updated: (date: string) => `updated ${date}`,
  quoted: 'The answer rests on the highlighted words.',
  quotedCells: (cells: readonly string[]) => `The answer rests on the highlighted row: ${cells.join(', ')}.`,

  helpful: 'This answer helped',
  notHelpful: 'This answer did not help',
  feedbackQuestion: 'Was this helpful?',
  feedbackThanks: 'Thank you for telling us.',
  feedbackComment: 'What was wrong or missing? (optional)',
  feedbackSend: 'Send comment',

  reconnecting: 'Reconnecting…',
  offline: 'You are offline. Your messages will be sent when you are back.',
  refused: 'This chat is not available on this page.',
  signedOut: 'You are signed out. Sign in on this page, or load it again, to go on.',

  today: 'Today',
  yesterday: 'Yesterday',
};

export type Strings = typeof strings;
