import type { WebSocket } from 'ws';
import type { Turns } from '../../kernel/turns.js';
import type { ArrivingBytes } from '../arriving-bytes.js';
import { LARGE_TEXT } from '../graphql/graphql-params.js';

export interface InboxOptions {
  readonly socket: Pick<WebSocket, 'pause' | 'resume'>;
  readonly turns: Turns;
  readonly arriving: ArrivingBytes;
  /** The key of the socket, as soon as it is known. */
  readonly keyId: () => string | undefined;
}

interface Message {
  readonly length: number;
  readonly handle: () => void;
  /** Ends the count of its bytes. */
  readonly leave: () => void;
}

/** Sockets that have not sent their key yet take turns with each key together. */
const WITHOUT_KEY = '';

/**
 * Hands over the messages of one socket in their order. Long ones wait for a turn of their key, as do operations with a document that
 * is not known yet. The socket reads nothing more while much waits, so that what waits takes little memory.
 */
export class Inbox {
  readonly #options: InboxOptions;
  /** Long messages, and those that came after them. */
  readonly #messages: Message[] = [];
  #waitingOperations = 0;
  #waitingLength = 0;
  /** The length of the message that is being handled. */
  length = 0;

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  /**
   * @param length - the length of the message, in UTF-16 units.
   * @throws GraphQLError with RATE_LIMITED if too much of the key waits.
   */
  receive(length: number, handle: () => void): void {
    if (this.#messages.length === 0 && length <= LARGE_TEXT) {
      this.#handle(length, handle);
      return;
    }
    this.#messages.push({ length, handle, leave: this.#count(length) });
    this.#options.socket.pause();
    if (this.#messages.length === 1) void this.#handleWaiting();
  }

  /**
   * Waits for the turn of an operation, or for those of the earlier operations of this socket. Undefined: it need not wait.
   *
   * @param length - the length of its message.
   */
  turnFor(keyId: string, turn: Promise<void> | undefined, length: number): Promise<void> | undefined {
    if (turn === undefined && this.#waitingOperations === 0) return undefined;
    return this.#wait(turn ?? this.#options.turns.next(keyId), length);
  }

  async #wait(turn: Promise<void>, length: number): Promise<void> {
    this.#waitingOperations += 1;
    this.#waitingLength += length;
    // A socket that is paused does not notice that its client has gone, so those with short messages read on.
    if (this.#waitingLength > LARGE_TEXT) this.#options.socket.pause();
    await turn;
    this.#waitingOperations -= 1;
    this.#waitingLength -= length;
    this.#resume();
  }

  #count(length: number): () => void {
    const { arriving, keyId } = this.#options;
    const count = arriving.begin(keyId() ?? WITHOUT_KEY);
    count(length);
    return () => count(0);
  }

  #handle(length: number, handle: () => void): void {
    this.length = length;
    handle();
  }

  async #handleWaiting(): Promise<void> {
    const { turns, keyId } = this.#options;
    for (let [first] = this.#messages; first !== undefined; [first] = this.#messages) {
      if (first.length > LARGE_TEXT) await turns.next(keyId() ?? WITHOUT_KEY);
      first.leave();
      this.#handle(first.length, first.handle);
      this.#messages.shift();
    }
    this.#resume();
  }

  #resume(): void {
    if (this.#messages.length === 0 && this.#waitingLength <= LARGE_TEXT) this.#options.socket.resume();
  }
}
