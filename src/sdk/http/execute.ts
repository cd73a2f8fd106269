import { type AnswerError, toRequestError, WrongAddressError } from '../errors/request-errors.js';
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
 * @throws RequestError and its subclasses for what the server answered; ConnectionError and TimeoutError when there is no
 * answer.
 */
export async function execute(
  sender: Sender,
  operation: OperationRequest,
  options: SendOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await send(sender, operation, options);
  const { data, errors = [] } = parse(sender, answer);
  if (data && errors.length === 0) return data;
  const { status, headers } = answer;
  throw toRequestError({ errors, status, retryAfterMs: readRetryAfter(headers) });
}

function parse(sender: Sender, answer: HttpAnswer): GraphqlAnswer {
  try {
    const parsed: unknown = JSON.parse(answer.text);
    if (typeof parsed === 'object' && parsed !== null) return parsed;
  } catch {
    // What is not JSON comes from a proxy or from another server.
  }
  if (answer.status >= 400) return {};
  throw new WrongAddressError(
    `${sender.endpoint} answered with HTTP ${answer.status} and no GraphQL answer: is this the URL of a Mission Control server?`,
  );
}
