import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { Unavailable } from '../kernel/unavailable.js';
import { isStatementError } from './outage.js';
import type { PipelinedConnection } from './pipelined-connection.js';
import type { Executor } from './statement.js';

/** Requests that are served together: all that arrive during a statement are answered by the next one. */
export interface BatchQueue<Request, Answer> {
  /** Rejects with the error of the statement, or with `Unavailable` after `close`. */
  ask(request: Request): Promise<Answer>;
  /** Stops the queue: requests that wait are answered, later ones are refused. */
  close(): Promise<void>;
}

export interface BatchQueueOptions<Request, Answer> {
  /** Shared by several queues, which take turns. Each statement is a transaction of its own. */
  readonly connection: PipelinedConnection;
  /** Serves the requests with one statement. Returns their answers in the order of the requests. */
  readonly serve: (connection: Executor, requests: readonly Request[]) => Promise<readonly Answer[]>;
  /** Called with each batch that was answered, while the next one is under way. */
  readonly note?: (requests: readonly Request[], answers: readonly Answer[]) => void;
  /** The answer to each request if there is no connection, so that nothing was sent. Otherwise they are rejected with the reason. */
  readonly answerUnsent?: () => Answer;
  /** What two requests of one statement must not have in common: the later one must see the result of the other. */
  readonly subjectsOf: (request: Request) => readonly string[];
  /** For the refusal after `close`: "The server is stopping and <refusal>: retry soon." */
  readonly refusal: string;
}

/** The maximum number of requests per statement. With more, the first request would wait too long for the last. */
const BATCH = 64;

interface Waiting<Request, Answer> {
  readonly request: Request;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Creates a queue. A single request is sent at once and not delayed. With 32 agents, batches more than halve the work per
 * claim.
 */
export function createBatchQueue<Request, Answer>({
  connection,
  serve,
  note,
  answerUnsent,
  subjectsOf,
  refusal,
}: BatchQueueOptions<Request, Answer>): BatchQueue<Request, Answer> {
  const waiting: Waiting<Request, Answer>[] = [];
  /** The number of requests of each statement under way. */
  const asked: number[] = [];
  let unanswered = 0;
  let isClosed = false;
  const onEmpty: (() => void)[] = [];
  const stopSending = connection.onRoom(send);

  /**
   * Sends a batch if no statement of this queue is under way, or if as many requests wait as that one serves. Then
   * PostgreSQL continues without waiting for this process (a seventh more claims, measured alternately on two cores).
   * Smaller batches cost more than the wait, because each has a fixed cost. Two batches on two connections were slower
   * than one.
   */
  function send(): boolean {
    if (waiting.length === 0 || !connection.hasRoom() || waiting.length < (asked[0] ?? 0)) return false;
    void answerAll(takeBatch(waiting, subjectsOf));
    return true;
  }

  async function answerAll(batch: readonly Waiting<Request, Answer>[]): Promise<void> {
    try {
      const requests = batch.map(({ request }) => request);
      const answers = await run(requests);
      // The next statement is sent first, so that PostgreSQL works while these answers are written. This gives a fifth more claims.
      await turnOfTheLoop();
      note?.(requests, answers);
      for (const [i, { resolve, reject }] of batch.entries()) {
        const answer = answers[i];
        if (answer === undefined) reject(new Error('a batch returned fewer answers than it has requests'));
        else resolve(answer);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      unanswered -= batch.length;
      if (unanswered === 0) for (const resolve of onEmpty) resolve();
    }
  }

  async function run(requests: readonly Request[]): Promise<readonly Answer[]> {
    let isSent = false;
    asked.push(requests.length);
    const end = () => asked.shift();
    try {
      return await connection.run((executor) => {
        isSent = true;
        return serve(executor, requests).finally(end);
      });
    } catch (error) {
      if (!isSent) end();
      if (isSent || answerUnsent === undefined) throw error;
      return requests.map(answerUnsent);
    }
  }

  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (isClosed) {
          reject(refuseStopping(refusal));
          return;
        }
        unanswered += 1;
        waiting.push({ request, resolve, reject });
        send();
      }),
    async close() {
      isClosed = true;
      if (unanswered > 0) await new Promise<void>((resolve) => onEmpty.push(resolve));
      stopSending();
    },
  };
}

/**
 * Asks for an answer in a batch. Null if PostgreSQL has refused the statement of the batch, which changed nothing then: a
 * transaction that holds a lock for long is in the way, or one of the requests is at fault. The caller serves its request by
 * itself, so that only the one at fault fails.
 */
export async function askOrNull<Request, Answer>(
  queue: Pick<BatchQueue<Request, Answer>, 'ask'>,
  request: Request,
): Promise<Answer | null> {
  try {
    return await queue.ask(request);
  } catch (error) {
    if (isStatementError(error)) return null;
    throw error;
  }
}

/** @param refusal - what a server that stops does not do any more. */
export function refuseStopping(refusal: string): Unavailable {
  return new Unavailable(`The server is stopping and ${refusal}: retry soon.`);
}

/** Takes the first requests that have no subject in common. The others keep their order. */
function takeBatch<Request, Answer>(
  waiting: Waiting<Request, Answer>[],
  subjectsOf: (request: Request) => readonly string[],
): Waiting<Request, Answer>[] {
  const batch: Waiting<Request, Answer>[] = [];
  const taken = new Set<string>();
  const rest: Waiting<Request, Answer>[] = [];
  for (const each of waiting.splice(0)) {
    const subjects = subjectsOf(each.request);
    const fits = batch.length < BATCH && !subjects.some((subject) => taken.has(subject));
    for (const subject of subjects) taken.add(subject);
    (fits ? batch : rest).push(each);
  }
  waiting.push(...rest);
  return batch;
}
