import type { Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { LIMITS } from '../../domain/limits.js';
import type { ClaimColumns } from '../../store/runs/claim-tasks.js';
import { findNextEligible, type NextEligible } from '../../store/runs/find-next-eligible.js';
import { noteAgentSeen } from '../agents/note-agent-seen.js';
import { fingerprintOf, keyReused } from '../idempotency.js';
import { hasKeyEnded } from '../keys/read-api-keys.js';
import type { AgentRef } from '../refs.js';
import type { Claim, ServiceContext } from '../service-context.js';

export interface ClaimNextTask {
  readonly agent?: AgentRef | null | undefined;
  readonly maxCapacity?: number | null | undefined;
  /** Milliseconds. */
  readonly lease?: number | null | undefined;
  readonly waitSeconds?: number | null | undefined;
  readonly resume?: boolean | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

/** The answer to a claim. `nextEligibleAt` stands beside NO_TASKS_AVAILABLE if time alone will release a task. */
export interface ClaimAnswer {
  readonly reason: Exclude<Claim['reason'], 'IDEMPOTENCY_KEY_REUSED'>;
  readonly task: Claim['task'];
  readonly run: Claim['run'];
  readonly nextEligibleAt: Date | null;
}

/**
 * Hands the best task to the agent and opens a run, atomically. With `waitSeconds` it answers as soon as there is a task,
 * and with NO_TASKS_AVAILABLE when the time is over or `signal` says that the caller has gone.
 * Task and run are read with the given columns, or with all.
 * @throws {Refusal} UNKNOWN_AGENT, FORBIDDEN, INVALID, IDEMPOTENCY_KEY_REUSED. Everything else is an outcome.
 */
export async function claimNextTask(
  context: ServiceContext,
  viewer: Viewer,
  input: ClaimNextTask,
  signal: AbortSignal,
  columns?: ClaimColumns,
): Promise<ClaimAnswer> {
  checkFields(input, ['maxCapacity', 'lease', 'waitSeconds', 'idempotencyKey']);
  const agentId = await context.agentIds.idOf(viewer, input.agent);
  const begunAtMs = context.clock.now();
  const answer = await claimOrWait({ context, viewer, agentId, input, signal, columns });
  const { reason, task, run } = answer;
  context.instrument.emit('trace', 'claim.answered', 'A claim was answered', {
    reason,
    agentId,
    taskId: task?.id,
    runId: run?.id,
    durationMs: context.clock.now() - begunAtMs,
  });
  if (answer.reason !== 'ASSIGNED') await noteAgentSeen(context, agentId);
  return answer;
}

interface Claiming {
  readonly context: ServiceContext;
  readonly viewer: Viewer;
  readonly agentId: string;
  readonly input: ClaimNextTask;
  readonly signal: AbortSignal;
  readonly columns: ClaimColumns | undefined;
}

async function claimOrWait(claiming: Claiming): Promise<ClaimAnswer> {
  const { context, viewer, agentId, input, signal } = claiming;
  const until = context.clock.now() + (input.waitSeconds ?? 0) * 1_000;
  // Watching begins before the first look at the queue, so that a task made between look and wait is not missed.
  const watch = context.claimWaiters.watch(agentId);
  // Whether work was announced to this claim and it has not looked for it since.
  let called = false;
  try {
    for (;;) {
      const claim = await claimOnce(claiming);
      if (claim.reason === 'ASSIGNED' || claim.reason === 'NO_TASKS_AVAILABLE') called = false;
      if (claim.reason !== 'NO_TASKS_AVAILABLE') return claim;
      const next = await findNextEligible(context.database.pool, agentId);
      const rest = until - context.clock.now();
      const answer = { ...claim, nextEligibleAt: next?.at ?? null };
      if (rest <= 0 || signal.aborted) return answer;
      // Somebody who waits is here: not only when the wait is over.
      await noteAgentSeen(context, agentId);
      called = await watch.wait(waitMs(rest, next), signal);
      // Nobody would get the task, or somebody who may not have it any more.
      if (signal.aborted || context.stopping() || (await hasKeyEnded(context, viewer))) return answer;
    }
  } finally {
    watch.end(called);
  }
}

/** At least so long between two looks at the queue: a task that is due but locked by somebody would be asked for in a busy loop. */
const MIN_WAIT_MS = 10;

/**
 * At most so long: a claim that stepped over a task whose row somebody held for a moment, and then left as it was, is
 * announced nothing.
 */
const MAX_WAIT_MS = 10_000;

/** Until the time is over, or until time releases a task. */
function waitMs(rest: number, next: NextEligible | null): number {
  return Math.max(MIN_WAIT_MS, Math.min(rest, MAX_WAIT_MS, next?.inMs ?? rest));
}

async function claimOnce({ context, agentId, input, columns }: Claiming): Promise<ClaimAnswer> {
  const request = {
    agentId,
    maxCapacity: input.maxCapacity ?? null,
    leaseMs: input.lease ?? LIMITS.leaseDefaultMs,
    resume: input.resume ?? false,
    idempotencyKey: input.idempotencyKey ?? null,
    fingerprint: input.idempotencyKey ? fingerprintOf({ ...input, waitSeconds: 0 }) : null,
  };
  const { reason, task, run } = await context.claims.claim(request, columns);
  if (reason === 'IDEMPOTENCY_KEY_REUSED') throw keyReused();
  return { reason, task, run, nextEligibleAt: null };
}
