/** Why the server ended a stream that could continue. */
export type InterruptionCode = 'SUBSCRIBER_TOO_SLOW' | 'SERVER_STOPPING';

/** The server ended a stream that could continue. A new subscription after `cursor` misses nothing. */
export class StreamInterrupted extends Error {
  override readonly name = 'StreamInterrupted';

  constructor(
    readonly code: InterruptionCode,
    /** The position after the last entry that the reader has processed. */
    readonly cursor: string,
  ) {
    const why = code === 'SUBSCRIBER_TOO_SLOW' ? 'The subscriber reads too slowly' : 'The server is stopping';
    super(`${why}: subscribe again after the cursor to miss nothing.`);
  }
}
