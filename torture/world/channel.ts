import type { Socket } from 'node:net';

/** Bytes that wait above this amount stop the reading, so that the sender feels the stall. */
const MOST_BYTES = 1_000_000;

/** One direction of a connection. Bytes leave it in the order in which they came. */
export class Channel {
  delayMs = 0;
  readonly #from: Socket;
  readonly #to: Socket;
  /** What waits. Null is the end of the stream. */
  readonly #waiting: { readonly bytes: Buffer | null; readonly dueAtMs: number }[] = [];
  #waitingBytes = 0;
  #isHeld = false;
  #isSilent = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket) {
    this.#from = from;
    this.#to = to;
    from.on('data', (bytes: Buffer) => this.#take(bytes));
    from.once('end', () => this.#take(null));
    from.once('close', () => clearTimeout(this.#timer));
    to.on('drain', () => this.#flush());
  }

  hold(): void {
    this.#isHeld = true;
  }

  mend(): void {
    this.#isHeld = false;
    this.delayMs = 0;
    this.#flush();
  }

  /** From now on everything is thrown away. */
  silence(): void {
    this.#isSilent = true;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.#from.resume();
  }

  #take(bytes: Buffer | null): void {
    if (this.#isSilent) return;
    // A delay that was shortened must not let later bytes overtake earlier ones.
    const earliestMs = this.#waiting.at(-1)?.dueAtMs ?? 0;
    this.#waiting.push({ bytes, dueAtMs: Math.max(earliestMs, performance.now() + this.delayMs) });
    this.#waitingBytes += bytes?.length ?? 0;
    if (this.#waitingBytes > MOST_BYTES) this.#from.pause();
    this.#flush();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    while (!this.#isHeld && !this.#isSilent && !this.#to.writableNeedDrain) {
      const [first] = this.#waiting;
      if (first === undefined) break;
      const restMs = first.dueAtMs - performance.now();
      if (restMs > 0) {
        this.#timer = setTimeout(() => this.#flush(), restMs);
        break;
      }
      this.#waiting.shift();
      this.#waitingBytes -= first.bytes?.length ?? 0;
      if (first.bytes === null) this.#to.end();
      else if (!this.#to.destroyed) this.#to.write(first.bytes);
    }
    if (this.#waitingBytes <= MOST_BYTES && this.#from.isPaused()) this.#from.resume();
  }
}
