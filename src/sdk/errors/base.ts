/** The base of all errors of this package. Match on `code`, or on the class; `message` is for people. */
export class MissionControlError extends Error {
  /** The kind of error: a code of docs/errors.md, or one of this package, such as `CONNECTION`, `TIMEOUT` or `RUN_LOST`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}
