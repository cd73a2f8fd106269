import { VERSION } from '../version.js';
import { BadRequestError, ServerTooOldError } from './request-errors.js';

/**
 * What a server says of an input field or a value of an enum that it does not know. TypeScript refuses such an input, so the
 * server is older than the types.
 */
const UNKNOWN_INPUT =
  /; (Field "\w+" is not defined by type "\w+"|Value "[^"]*" does not exist in "\w+" enum)/;

/**
 * The package's own documents are valid for the schema of its version, so a server that refuses one is older. Other errors
 * are returned as they are.
 */
export function toTooOld(error: unknown): unknown {
  if (!(error instanceof BadRequestError)) return error;
  const { code, message } = error;
  const head = `The server is older than version ${VERSION} of this package needs`;
  const advice = 'Update the server, or use an older version of the package.';
  if (code === 'GRAPHQL_VALIDATION_FAILED')
    return new ServerTooOldError(`${head}: ${message} ${advice}`, { cause: error });
  if (!UNKNOWN_INPUT.test(message)) return error;
  return new ServerTooOldError(`${head}, or the input is misspelt: ${message} ${advice}`, { cause: error });
}
