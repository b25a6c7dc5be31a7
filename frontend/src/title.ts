// The number of unread messages in the title of the page, while nobody looks at it.

export class TitleNotice {
  private mark = '';

  /** Shows the number; 0 takes it away. What the page itself makes of its title stays. */
  show(count: number): void {
    const mark = count === 0 ? '' : `(${count}) `;
    const isMarked = this.mark !== '' && document.title.startsWith(this.mark);
    const bare = isMarked ? document.title.slice(this.mark.length) : document.title;
    if (mark !== this.mark || !isMarked) {
      const title = mark + bare;
      if (document.title !== title) document.title = title;
    }
    this.mark = mark;
  }
}
