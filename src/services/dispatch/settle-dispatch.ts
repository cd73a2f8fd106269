import { SYSTEM } from '../../domain/actor.js';
import { keepAnswer, keepError, keepUsage } from '../../domain/dispatch/keep-answer.js';
import { MAX_DISPATCH_ATTEMPTS } from '../../domain/limits.js';
import { readProgramQuestion } from '../../domain/questions/program-question.js';
import type { QuestionInput } from '../../domain/questions/question.js';
import { parseQuestionForm, questionCodeOf } from '../../domain/questions/question-form.js';
import { decideFailure } from '../../domain/runs/attempt-failure.js';
import type { TokenUsage } from '../../domain/runs/token-usage.js';
import type { GatewayAnswer } from '../../gateway/gateway.js';
import { describeDuration } from '../../kernel/durations.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import { keepLateOutput, writeAgentError } from '../../store/dispatch/dispatch.js';
import { findRun, type RunEnd, type TaskRunRow } from '../../store/runs/runs.js';
import { lockTask, type TaskRow } from '../../store/tasks/tasks.js';
import { announceStatus } from '../agents/announce-status.js';
import { moveBack } from '../moves/move-back.js';
import { moveTask } from '../moves/move-task.js';
import { askPeople } from '../questions/ask-people.js';
import { backOff, inMs } from '../runs/attempt-backoff.js';
import { finishRun, usageFacts } from '../runs/finish-run.js';
import type { ServiceContext } from '../service-context.js';
import { addCommentIn } from '../tasks/add-comment.js';
import type { CallEnding } from './gateway-call.js';

type Answered = Extract<GatewayAnswer, { readonly outcome: 'ANSWERED' }>;

/** A failed attempt. */
interface Failure {
  readonly error: string;
  readonly outcome: RunEnd;
  readonly permanent: boolean;
  /** Other columns of the run. */
  readonly facts?: Partial<TaskRunRow>;
}

/**
 * Writes the result of the call of a dispatched run, in one transaction that may be repeated. It takes effect only if the
 * caller is the run's dispatcher and the run still holds the task. Otherwise a late answer is stored on the run and changes
 * nothing else.
 */
export async function settleDispatch(
  context: Pick<ServiceContext, 'database' | 'settings'>,
  { runId, taskId, dispatcher }: { runId: string; taskId: string; dispatcher: string },
  ending: CallEnding,
): Promise<void> {
  await inTransaction(context.database, async (tx) => {
    const task = await lockTask(tx, { id: taskId });
    const run = await findRun(tx, runId);
    if (task === null || run === null) return;
    if (task.currentRunId !== runId || run.dispatcher !== dispatcher) return keepLate(tx, run, ending);
    await applyEnding(context, tx, task, run, ending);
    await announceStatus(context, tx, run.agentId, SYSTEM, { seen: ending.outcome === 'ANSWERED' });
  });
}

async function applyEnding(
  context: Pick<ServiceContext, 'settings'>,
  tx: Transaction,
  task: TaskRow,
  run: TaskRunRow,
  ending: CallEnding,
): Promise<void> {
  if (ending.outcome === 'ANSWERED') await accept(context, tx, task, run, ending);
  else if (ending.outcome === 'RELEASED') await release(tx, task, ending.reason);
  else if (ending.outcome === 'NOT_BEGUN' || ending.outcome === 'BROKEN')
    await waitForGateway(tx, task, run, ending);
  else if (ending.outcome === 'LIMITED') await waitForLimit(tx, task, run, ending);
  else if (ending.outcome === 'LOST') await keepLate(tx, run, ending);
  else await fail(context, tx, task, run, toFailure(run, ending));
}

async function keepLate(tx: Transaction, run: TaskRunRow, ending: CallEnding): Promise<void> {
  const text = ending.outcome === 'ANSWERED' ? ending.text : outputOf(ending);
  const answer = keepAnswer(text);
  if (answer !== null)
    await keepLateOutput(tx, run.id, answer.resolution, usageFacts(keepUsage(usageOf(ending))));
}

async function accept(
  context: Pick<ServiceContext, 'settings'>,
  tx: Transaction,
  task: TaskRow,
  run: TaskRunRow,
  answered: Answered,
): Promise<void> {
  const { text, usage, model, warnings } = answered;
  const answer = keepAnswer(text);
  if (answer === null) {
    const error = 'The answer was empty.';
    const facts = usageFacts(keepUsage(usage));
    return fail(context, tx, task, run, { error, outcome: 'FAILED', permanent: false, facts });
  }
  const actor = { keyId: null, agentId: run.agentId };
  const kept = warnings === undefined ? {} : { progress: keepError(warnings) };
  const facts = { model: run.model ?? model, ...kept };
  const asked = readQuestion(run, answered);
  if (asked !== null) {
    const written = { ...facts, output: answer.resolution, ...usageFacts(keepUsage(usage)) };
    const refusal = await askPeople(tx, { task, run }, { actor, input: asked, facts: written });
    if (refusal === null) return writeAgentError(tx, run.agentId, false);
    return fail(context, tx, task, run, {
      error: refusal,
      outcome: 'FAILED',
      permanent: false,
      facts: written,
    });
  }
  const handedIn = { resolution: answer.resolution, usage: keepUsage(usage), facts, byHolder: true };
  const completed = await finishRun(tx, actor, task, handedIn);
  await addCommentIn(tx, actor, completed, answer.comment);
  await writeAgentError(tx, run.agentId, false);
}

/** The question that the answer asks; null if it is a result. */
function readQuestion(run: TaskRunRow, { text, asks }: Answered): QuestionInput | null {
  return asks === true ? readProgramQuestion(text) : parseQuestionForm(text, questionCodeOf(run.id));
}

/** Returns the task to its agent. It does not count as a failed attempt, because the agent did not cause it. */
async function release(
  tx: Transaction,
  task: TaskRow,
  reason: string,
  changes: Partial<Pick<TaskRow, 'backoffUntil'>> = {},
  facts: Partial<TaskRunRow> = {},
): Promise<void> {
  await moveBack(tx, task, {
    verb: 'release',
    actor: SYSTEM,
    event: 'task.requeued',
    reason,
    runEnd: { outcome: 'RELEASED', facts: { ...facts, error: reason }, byHolder: true },
    changes,
  });
}

/** The gateway did not take the call. A task rests only if it was refused again, so that another one is tried first. */
async function waitForGateway(
  tx: Transaction,
  task: TaskRow,
  { gateway }: TaskRunRow,
  ending: Extract<CallEnding, { readonly outcome: 'NOT_BEGUN' | 'BROKEN' }>,
): Promise<void> {
  const refused = ending.outcome === 'BROKEN';
  const restMs = refused ? ending.restMs : undefined;
  const reason = `The gateway ${gateway} took no call: ${keepError(ending.error)}`;
  const changes = restMs === undefined ? {} : { backoffUntil: await inMs(tx, restMs) };
  await release(tx, task, reason, changes, { refused });
}

/** The attempt is not counted either. The wait is stored on the task, so that all processes respect it. */
async function waitForLimit(
  tx: Transaction,
  task: TaskRow,
  { gateway }: TaskRunRow,
  { error, retryAfterMs }: Extract<CallEnding, { readonly outcome: 'LIMITED' }>,
): Promise<void> {
  const waitMs = retryAfterMs ?? 0;
  const rest = describeDuration(waitMs);
  const reason = `The gateway ${gateway} has reached a limit and is asked again in ${rest}: ${keepError(error)}`;
  await release(tx, task, reason, { backoffUntil: await inMs(tx, waitMs) });
}

/** What a call that failed had produced. */
function factsOf(ending: CallEnding): Partial<TaskRunRow> {
  const output = keepAnswer(outputOf(ending))?.resolution;
  return { ...(output !== undefined && { output }), ...usageFacts(keepUsage(usageOf(ending))) };
}

function outputOf(ending: CallEnding): string {
  return 'output' in ending ? (ending.output ?? '') : '';
}

function usageOf(ending: CallEnding): TokenUsage | null {
  return 'usage' in ending ? (ending.usage ?? null) : null;
}

type FailedEnding = Extract<CallEnding, { readonly outcome: 'FAILED' | 'TIMED_OUT' | 'ABORTED' | 'UNKNOWN' }>;

function toFailure({ gateway }: TaskRunRow, ending: FailedEnding): Failure {
  const facts = factsOf(ending);
  switch (ending.outcome) {
    case 'FAILED':
      return { error: keepError(ending.error), outcome: 'FAILED', permanent: ending.permanent, facts };
    case 'TIMED_OUT':
      return { error: keepError(ending.error), outcome: 'TIMED_OUT', permanent: false, facts };
    case 'ABORTED':
      return {
        error: `The run was ended at the gateway ${gateway}.`,
        outcome: 'FAILED',
        permanent: false,
        facts,
      };
    case 'UNKNOWN': {
      const error = `The server that sent it has ended, and the gateway ${gateway} can't tell what became of it.`;
      return { error, outcome: 'FAILED', permanent: false };
    }
  }
}

async function fail(
  context: Pick<ServiceContext, 'settings'>,
  tx: Transaction,
  task: TaskRow,
  run: TaskRunRow,
  { error, outcome, permanent, facts }: Failure,
): Promise<void> {
  const { to, attempts } = decideFailure(task.dispatchAttempts, !permanent, true);
  const move = {
    verb: 'dispatch',
    actor: SYSTEM,
    reason: error,
    runEnd: { outcome, facts: { ...facts, error }, byHolder: true },
  } as const;
  if (to === 'FAILED') {
    const failureReason = permanent ? 'GATEWAY_REFUSED' : 'DISPATCH_ATTEMPTS_EXHAUSTED';
    const changes = { dispatchAttempts: attempts, failureReason, failureDetail: error } as const;
    const failed = await moveTask(tx, task, { ...move, to, event: 'task.failed', changes });
    await addCommentIn(tx, SYSTEM, failed, explain(error, attempts, permanent, null));
  } else {
    const { waitMs, backoffUntil } = await backOff(context, tx, attempts);
    const changes = { dispatchAttempts: attempts, backoffUntil };
    const requeued = await moveBack(tx, task, { ...move, event: 'task.requeued', changes });
    await addCommentIn(tx, SYSTEM, requeued, explain(error, attempts, permanent, waitMs));
  }
  if (permanent) await writeAgentError(tx, run.agentId, true);
}

function explain(error: string, attempts: number, permanent: boolean, waitMs: number | null): string {
  if (permanent) return `Refused for good, so it is not tried again: ${error}`;
  const failed = `Attempt ${attempts} of ${MAX_DISPATCH_ATTEMPTS} failed: ${error}`;
  return waitMs === null
    ? `${failed}\n\nIt was the last one.`
    : `${failed}\n\nThe next one follows in ${describeDuration(waitMs)}.`;
}
