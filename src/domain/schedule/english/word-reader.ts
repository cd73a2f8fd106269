/** Goes through the words of a text, one rule after the other. */
export class WordReader {
  private position = 0;

  constructor(private readonly words: readonly string[]) {}

  isAtEnd(): boolean {
    return this.position >= this.words.length;
  }

  /** The word so many places ahead, or behind where the number is negative. */
  peek(ahead = 0): string | undefined {
    return this.words[this.position + ahead];
  }

  skip(count = 1): void {
    this.position += count;
  }

  /** Takes the word if it is one of these. */
  take(...words: readonly string[]): boolean {
    const isOne = words.includes(this.peek() ?? '');
    if (isOne) this.skip();
    return isOne;
  }

  /** Takes a word that stands in the table, and answers with what it stands for. */
  takeFrom<Value>(table: ReadonlyMap<string, Value>): Value | undefined {
    const value = table.get(this.peek() ?? '');
    if (value !== undefined) this.skip();
    return value;
  }

  /** What has been read. */
  before(): string {
    return this.words.slice(0, this.position).join(' ');
  }
}
