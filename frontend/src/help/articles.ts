// What the server has to read: all articles, the sections that fit a search, and one article.
import { isRecord } from '../raw';
import type { Session } from '../session';

export interface Title {
  readonly id: string;
  readonly title: string;
}

/** A section of an article. */
export interface Result extends Title {
  readonly heading: readonly string[];
  readonly section: string;
  readonly snippet: string;
}

export interface ArticleSection {
  readonly heading: string;
  readonly level: number;
  readonly text: string;
}

export interface Article extends Title {
  readonly updatedAt: string;
  readonly sections: readonly ArticleSection[];
}

/** All raise UnreachableError. */
export class Articles {
  constructor(private readonly session: Session) {}

  async list(): Promise<readonly Title[]> {
    return records((await this.session.read('help/')).articles).map(titleOf);
  }

  async search(query: string): Promise<readonly Result[]> {
    const { results } = await this.session.read(`help/?q=${encodeURIComponent(query)}`);
    return records(results).map((raw) => ({
      ...titleOf(raw),
      heading: Array.isArray(raw.heading) ? raw.heading.map(String) : [],
      section: text(raw.section),
      snippet: text(raw.snippet),
    }));
  }

  async read(id: string): Promise<Article> {
    const raw = await this.session.read(`help/${encodeURIComponent(id)}/`);
    const sections = records(raw.sections).map((each) => ({ heading: text(each.heading), level: Number(each.level), text: text(each.text) }));
    return { ...titleOf(raw), updatedAt: text(raw.updated_at), sections };
  }
}

type Raw = Readonly<Record<string, unknown>>;

function records(value: unknown): readonly Raw[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function titleOf(raw: Raw): Title {
  return { id: text(raw.id), title: text(raw.title) };
}
