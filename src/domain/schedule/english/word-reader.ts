/** Reads the words of a text from first to last. */
export class WordReader {
  private position = 0;

  constructor(private readonly words: readonly string[]) {}

  isAtEnd(): boolean {
    return this.position >= this.words.length;
  }

  /** The word this many places ahead, or back if the number is negative. */
  peek(ahead = 0): string | undefined {
    return this.words[this.position + ahead];
  }

  skip(count = 1): void {
    this.position += count;
  }

  /** Reads the next word if it is one of these. */
  take(...words: readonly string[]): boolean {
    const isOne = words.includes(this.peek() ?? '');
    if (isOne) this.skip();
    return isOne;
  }

  /** Reads the next word if it is in the table, and returns its value. */
  takeFrom<Value>(table: ReadonlyMap<string, Value>): Value | undefined {
    const value = table.get(this.peek() ?? '');
    if (value !== undefined) this.skip();
    return value;
  }

  /** The words that have been read. */
  before(): string {
    return this.words.slice(0, this.position).join(' ');
  }
}
