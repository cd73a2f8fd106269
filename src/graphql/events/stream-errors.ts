import { GraphQLError } from 'graphql';
import { CursorExpired } from '../../domain/events/log-position.js';
import { InvalidList } from '../../domain/page.js';
import { QuotaExceeded } from '../../domain/refusals.js';
import { StreamInterrupted } from '../../feed/stream-interrupted.js';
import { badUserInput } from '../base/protocol-errors.js';

/** Converts the errors of cursors, streams and their quotas to GraphQL errors; returns every other error unchanged. */
export function toStreamError(error: unknown): unknown {
  if (error instanceof InvalidList) return badUserInput(error.message);
  if (error instanceof QuotaExceeded) return coded('RATE_LIMITED', error.message);
  if (error instanceof CursorExpired) return coded('CURSOR_EXPIRED', error.message);
  if (error instanceof StreamInterrupted) return coded(error.code, error.message, { cursor: error.cursor });
  return error;
}

/** The key was valid when the stream began and no longer is. */
export function keyEnded(): GraphQLError {
  return coded('UNAUTHENTICATED', 'The API key was revoked or has expired.');
}

function coded(code: string, message: string, facts: Readonly<Record<string, string>> = {}): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...facts } });
}

/** @throws GraphQLError if the cursor is invalid or expired, or a quota is used up. */
export async function refusing<Result>(open: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await open();
  } catch (error) {
    throw toStreamError(error);
  }
}
