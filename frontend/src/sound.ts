// A sound for what an agent says while the chat is not looked at: where the site has one, and until the visitor turns it off.
import type { Host } from './launcher/part';
import type { State } from './state';
import type { Storage } from './storage';

export class Sound {
  constructor(
    private readonly host: Host,
    private readonly storage: Storage,
    private readonly onChange: () => void,
  ) {}

  /** Whether there is a sound to turn off: null, or whether it is on. */
  get state(): boolean | null {
    return this.host.element.getAttribute('sound') === 'on' ? !this.storage.isMuted : null;
  }

  toggle(): void {
    this.storage.isMuted = !this.storage.isMuted;
    if (this.state === true) void this.play();
    this.onChange();
  }

  /** One sound for all that came at once, and for all tabs. */
  compare(before: State, after: State): void {
    const last = lastOfAgent(after);
    if (this.state !== true || before.conversation !== after.conversation || last <= lastOfAgent(before)) return;
    if (this.storage.takeTurn(`${after.conversation} ${last}`)) void this.play();
  }

  private async play(): Promise<void> {
    const { more } = (await this.host.load('more').catch(() => null)) ?? {};
    more?.chime();
  }
}

function lastOfAgent(state: State): number {
  return state.items.findLast((item) => item.kind === 'message' && item.message.author === 'agent')?.seq ?? 0;
}
