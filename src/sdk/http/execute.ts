import { type AnswerError, type RequestError, WrongAddressError } from '../errors/request-errors.js';
import { toRequestError } from '../errors/to-request-error.js';
import { readRetryAfter } from './retry-after.js';
import { type HttpAnswer, type Sender, type SendOptions, send } from './send.js';

interface GraphqlAnswer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly AnswerError[];
}

/** One operation, as it is sent. */
export interface OperationRequest {
  readonly query: string;
  readonly variables: object;
}

/**
 * Executes one operation and answers with its data. An answer with any error is an error, also if it has some data:
 * a caller must not take a part for the whole.
 *
 * @throws RequestError and its subclasses for what the server answered; WrongAddressError for what no server answers;
 * ConnectionError and TimeoutError when there is no answer.
 */
export async function execute(
  sender: Sender,
  operation: OperationRequest,
  options: SendOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await send(sender, operation, options);
  const { data, errors = [] } = parse(answer.text);
  if (data && errors.length === 0) return data;
  throw toFailure(sender, answer, errors);
}

/** What is not JSON comes from a proxy or from another server. */
function parse(text: string): GraphqlAnswer {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

/** The error of an answer without data: one of the server, or a page that something else has sent. */
export function toFailure(
  { endpoint }: Sender,
  { status, headers }: Pick<HttpAnswer, 'status' | 'headers'>,
  errors: readonly AnswerError[],
): RequestError | WrongAddressError {
  // The API itself answers with neither status: it is the answer to a path or a method that is not the API's.
  const isNoApi = status === 404 || status === 405;
  if (!isNoApi && (errors.length > 0 || status >= 400))
    return toRequestError({ errors, status, retryAfterMs: readRetryAfter(headers) });
  const said = errors[0] ? `: ${errors[0].message} Is` : ' and no GraphQL answer: is';
  return new WrongAddressError(
    `${endpoint} answered with HTTP ${status}${said} this the URL of a Mission Control server?`,
  );
}
