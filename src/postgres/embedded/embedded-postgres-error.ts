/** Why the embedded PostgreSQL can't be used. */
export type EmbeddedPostgresFault =
  | 'NO_BINARIES'
  | 'NO_ACCOUNT'
  | 'NOT_ACCESSIBLE'
  | 'OTHER_MAJOR_VERSION'
  | 'DAMAGED'
  | 'CREATE_FAILED'
  | 'START_FAILED';

/** The embedded PostgreSQL can't be used. The message tells the operator what is wrong and what to do. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
  readonly fault: EmbeddedPostgresFault;

  constructor(message: string, options: { readonly fault: EmbeddedPostgresFault; readonly cause?: unknown }) {
    super(message, options);
    this.fault = options.fault;
  }
}
