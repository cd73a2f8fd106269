export type InterruptionCode = 'SUBSCRIBER_TOO_SLOW' | 'SERVER_STOPPING';

/** The server ended a stream that could go on: subscribing again after `cursor` misses nothing. */
export class StreamInterrupted extends Error {
  override readonly name = 'StreamInterrupted';

  constructor(
    readonly code: InterruptionCode,
    /** Behind the last entry that was taken from the stream. */
    readonly cursor: string,
  ) {
    const why =
      code === 'SUBSCRIBER_TOO_SLOW' ? 'Events came faster than they were taken' : 'The server is stopping';
    super(`${why}: subscribe again after the cursor, and nothing is missed.`);
  }
}
