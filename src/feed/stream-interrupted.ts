/** The feed ended a stream because its reader is too slow. A new subscription after `cursor` misses nothing. */
export class StreamInterrupted extends Error {
  override readonly name = 'StreamInterrupted';
  readonly code = 'SUBSCRIBER_TOO_SLOW';

  constructor(
    /** The position after the last entry that was taken from the stream. */
    readonly cursor: string,
  ) {
    super(
      'Events came faster than they were taken: subscribe again after the cursor, and nothing is missed.',
    );
  }
}
