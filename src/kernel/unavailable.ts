/**
 * The server can't do this now, and the caller made no mistake. A retry soon, here or at another process, may succeed.
 */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}
