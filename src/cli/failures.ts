import { ZodError } from 'zod';
import {
  ConnectionError,
  ForbiddenError,
  MissionControlError,
  NotPermittedError,
  RefusedError,
  RequestError,
  ServerFaultError,
  TimeoutError,
  UnauthenticatedError,
  WrongAddressError,
} from '../sdk/index.js';
import { describeZod } from '../verbs/zod-text.js';

/** How a command may end. */
export const exitCodes = {
  ok: 0,
  refused: 1,
  usage: 2,
  authentication: 3,
  permission: 4,
  network: 5,
  server: 6,
  interrupted: 130,
} as const;

/** What the help says about the exit codes. */
export const exitCodesText =
  '0 ok, 1 refused, 2 wrong usage, 3 no valid key, 4 not allowed, 5 no connection, 6 fault of the server';

/** The command was written wrongly. */
export class UsageError extends Error {
  readonly code = 'USAGE';
}

/** There is no key to send. */
export class NoKeyError extends Error {
  readonly code = 'NO_API_KEY';
}

/** The command cannot do what it was asked for: a file, a program or a setting stands in the way. */
export class CommandError extends Error {
  readonly code: string;

  constructor(message: string, { code, cause }: { readonly code: string; readonly cause?: unknown }) {
    super(message, { cause });
    this.code = code;
  }
}

/** The user has interrupted the command. */
export class InterruptedError extends Error {
  readonly code = 'INTERRUPTED';
}

/** A failure as it is reported. */
export interface Failure {
  readonly exitCode: number;
  readonly code: string;
  readonly message: string;
  /** What the user does next, if the message does not say it. */
  readonly remedy?: string;
  /** The facts of the refusal, such as `path` and `allowed`. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** The failure of an error that a command has thrown. */
export function toFailure(error: unknown): Failure {
  if (error instanceof ZodError) return plain(exitCodes.usage, 'USAGE', describeZod(error));
  if (error instanceof UsageError) return plain(exitCodes.usage, error.code, error.message);
  if (error instanceof NoKeyError) return plain(exitCodes.authentication, error.code, error.message);
  if (error instanceof InterruptedError) return plain(exitCodes.interrupted, error.code, error.message);
  if (error instanceof CommandError) return plain(exitCodes.refused, error.code, error.message);
  if (error instanceof MissionControlError) return ofClient(error);
  const message = error instanceof Error ? error.message : String(error);
  return plain(exitCodes.refused, 'UNEXPECTED', message);
}

function plain(exitCode: number, code: string, message: string, remedy?: string): Failure {
  return { exitCode, code, message, facts: {}, ...(remedy === undefined ? {} : { remedy }) };
}

function ofClient(error: MissionControlError): Failure {
  const [exitCode, remedy] = kindOf(error);
  return { ...plain(exitCode, error.code, error.message, remedy), facts: factsOf(error) };
}

function kindOf(error: MissionControlError): readonly [number, string?] {
  // A refusal with a path is about what was named, and its message says what to name instead.
  if (error instanceof NotPermittedError && error.path.length > 0) return [exitCodes.permission];
  if (error instanceof NotPermittedError || error instanceof ForbiddenError)
    return [exitCodes.permission, 'The role of the key decides: mc whoami'];
  if (error instanceof RefusedError)
    return error.code === 'UNKNOWN_AGENT'
      ? [exitCodes.refused, 'Which there are: mc agent list. To add one: mc agent register NAME']
      : [exitCodes.refused];
  if (error instanceof UnauthenticatedError) return [exitCodes.authentication, 'Keep a valid key: mc login'];
  if (error instanceof WrongAddressError) return [exitCodes.network, 'Set the address with --url or MC_URL.'];
  if (error instanceof ConnectionError || error instanceof TimeoutError)
    return [exitCodes.network, 'What is wrong: mc doctor'];
  if (error instanceof RequestError && USAGE_CODES.includes(error.code)) return [exitCodes.usage];
  // The server describes its faults in its log and nowhere else.
  if (error instanceof ServerFaultError && error.requestId !== null)
    return [exitCodes.server, `The log of the server says why. Look there for ${error.requestId}`];
  return [exitCodes.server];
}

/** The request itself was not acceptable, so that a repeat would not be either. */
const USAGE_CODES = [
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'PAYLOAD_TOO_LARGE',
  'QUERY_TOO_COMPLEX',
];

const FACTS = [
  'path',
  'from',
  'to',
  'allowed',
  'expected',
  'actual',
  'cycle',
  'limit',
  'retryAfterMs',
  'requestId',
];

function factsOf(error: MissionControlError): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(error).filter(
      ([name, value]) =>
        FACTS.includes(name) && value !== null && !(Array.isArray(value) && value.length === 0),
    ),
  );
}
