// Files and voice: what needs the part that is loaded when somebody wants it. Without it, what was there stays.
import type { ChatClient } from './client';
import type { SentFile } from './contract';
import type { Host, Provided } from './launcher/part';
import type { Actions } from './view/actions';
import type { PanelView } from './view/panel';

export class Extras {
  constructor(
    private readonly host: Host,
    private readonly client: () => ChatClient,
    private readonly panel: () => PanelView,
    private readonly say: (text: string) => void,
  ) {}

  actions(): Pick<Actions, 'attach' | 'saveFile' | 'drawFile' | 'speak'> {
    return {
      attach: (files) => void this.attach(files),
      saveFile: (file) => void this.saveFile(file),
      drawFile: (file, canvas) => void this.drawFile(file, canvas),
      speak: () => void this.speak(),
    };
  }

  private async load(): Promise<Provided> {
    return (await this.host.load('more').catch(() => null)) ?? {};
  }

  private async attach(files: readonly File[]): Promise<void> {
    const [client, { composer }] = [this.client(), this.panel()];
    const { more, moreWords: words } = await this.load();
    if (!more || !words) return;
    composer.files ??= more.openTray({ client, words, baseUrl: this.host.baseUrl, element: composer.tray, changed: () => composer.fitSend() });
    composer.files.add(files);
    composer.focus();
  }

  private async speak(): Promise<void> {
    const [client, panel] = [this.client(), this.panel()];
    const { composer } = panel;
    const { more, moreWords: words } = await this.load();
    if (!more || !words || !composer.element.isConnected || !panel.isOpen) return;
    composer.voice?.cancel();
    composer.voice = more.startVoice({
      client,
      words,
      baseUrl: this.host.baseUrl,
      element: composer.recording,
      onToggle: (active) => void (composer.isRecording = active),
      onText: (text) => composer.append(text),
    });
  }

  private async saveFile(file: SentFile): Promise<void> {
    const { more, moreWords } = await this.load();
    await more?.saveFile(this.client(), file).catch(() => this.say(moreWords?.downloadFailed ?? ''));
  }

  private async drawFile(file: SentFile, canvas: HTMLCanvasElement): Promise<void> {
    const { more } = await this.load();
    if (more) more.drawFile(this.client(), file, canvas);
    else canvas.remove();
  }
}
