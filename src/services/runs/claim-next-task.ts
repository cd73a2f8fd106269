import type { Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { LIMITS } from '../../domain/limits.js';
import { Refusal, Refusals } from '../../domain/refusals.js';
import type { ClaimColumns, ClaimNarrowing, ClaimRequest } from '../../store/runs/claim-tasks.js';
import { findNextEligible, type NextEligible } from '../../store/runs/find-next-eligible.js';
import { noteAgentSeen } from '../agents/note-agent-seen.js';
import { noteAgentAsked } from '../agents/settle-deliveries.js';
import { fingerprintOf, keyReused } from '../idempotency.js';
import { hasKeyEnded } from '../keys/read-api-keys.js';
import type { AgentRef } from '../refs.js';
import type { Claim, ClaimWaiter, ServiceContext } from '../service-context.js';

export interface ClaimNextTask {
  readonly agent?: AgentRef | null | undefined;
  readonly maxCapacity?: number | null | undefined;
  /** Milliseconds. */
  readonly lease?: number | null | undefined;
  readonly waitSeconds?: number | null | undefined;
  readonly resume?: boolean | null | undefined;
  /** Only tasks that have all these tags. */
  readonly tags?: readonly string[] | null | undefined;
  /** The capabilities of the agent that it has in this session. */
  readonly capabilities?: readonly string[] | null | undefined;
  /** The model that works in this session, for the record of the run. */
  readonly model?: string | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

/** The answer to a claim. `nextEligibleAt` is set with NO_TASKS_AVAILABLE if a task becomes eligible by time alone. */
export interface ClaimAnswer {
  readonly reason: Exclude<Claim['reason'], 'IDEMPOTENCY_KEY_REUSED' | 'NOTHING_FOR_AGENT'>;
  readonly task: Claim['task'];
  readonly run: Claim['run'];
  readonly nextEligibleAt: Date | null;
}

/**
 * Assigns the first eligible task of the queue to the agent and opens a run, atomically. With `waitSeconds` it waits for a
 * task, and answers NO_TASKS_AVAILABLE when the time has passed or `signal` reports that the caller disconnected.
 * Reads the given columns of task and run, or all. `made` is the answer to this claim if it was made before.
 * @throws {QuotaExceeded} if too many claims of the key wait.
 * @throws {Refusal} UNKNOWN_AGENT, FORBIDDEN, INVALID, IDEMPOTENCY_KEY_REUSED. Every other result is an outcome.
 */
export async function claimNextTask(
  context: ServiceContext,
  viewer: Viewer,
  input: ClaimNextTask,
  signal: AbortSignal,
  columns?: ClaimColumns,
  made?: Claim,
): Promise<ClaimAnswer> {
  checkFields(input, CHECKED);
  const agentId = await context.agentIds.idOf(viewer, input.agent);
  const startedAtMs = context.clock.now();
  const answer = await claimOrWait({ context, viewer, agentId, input, signal, columns, made });
  const { reason, task, run } = answer;
  context.instrument.emit('trace', 'claim.answered', 'A claim was answered', {
    reason,
    agentId,
    taskId: task?.id,
    runId: run?.id,
    durationMs: context.clock.now() - startedAtMs,
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
  /** Only for the first query of the queue. */
  readonly made: Claim | undefined;
}

const CHECKED = [
  'maxCapacity',
  'lease',
  'waitSeconds',
  'tags',
  'capabilities',
  ['model', 'settingText'],
  'idempotencyKey',
] as const;

/**
 * The request of a claim that is about to be made, for making it together with the call before it. Null if the claim itself
 * has to be made: it is refused, or it waits.
 */
export async function prepareClaim(
  context: ServiceContext,
  viewer: Viewer,
  input: ClaimNextTask,
): Promise<Omit<ClaimRequest, 'runId'> | null> {
  if (input.waitSeconds) return null;
  try {
    checkFields(input, CHECKED);
    return toRequest(await context.agentIds.idOf(viewer, input.agent), input);
  } catch (error) {
    if (error instanceof Refusal || error instanceof Refusals) return null;
    throw error;
  }
}

/**
 * Whether the claim has read the queue: the agent was neither paused nor at capacity. Work that only other agents may
 * have is announced to the next one.
 */
function useAnnouncement(waiter: ClaimWaiter, reason: ClaimAnswer['reason'], isForOthers: boolean): boolean {
  if (isForOthers) waiter.passOn();
  return reason === 'ASSIGNED' || reason === 'NO_TASKS_AVAILABLE';
}

async function claimOrWait(claiming: Claiming): Promise<ClaimAnswer> {
  const { context, viewer, agentId, input, signal } = claiming;
  const until = context.clock.now() + (input.waitSeconds ?? 0) * 1_000;
  // Starts before the first query of the queue, so that a task created between the query and the wait is not missed.
  const waiter = context.claimWaiters.watch(agentId);
  // Whether work was announced to this claim since its last query of the queue.
  let isAnnounced = false;
  let endWait: (() => void) | undefined;
  try {
    for (let made = claiming.made; ; made = undefined) {
      const { isForOthers, ...claim } = toAnswer(made ?? (await claimOnce(claiming)));
      await noteAgentAsked(context, agentId);
      isAnnounced = isAnnounced && !useAnnouncement(waiter, claim.reason, isForOthers);
      if (claim.reason !== 'NO_TASKS_AVAILABLE') return claim;
      const next = await findNextEligible(context.database.pool, agentId);
      const rest = until - context.clock.now();
      const answer = { ...claim, nextEligibleAt: next?.at ?? null };
      if (rest <= 0 || signal.aborted) return answer;
      // A waiting agent is alive, so `lastSeenAt` is updated now and not only after the wait.
      await noteAgentSeen(context, agentId);
      endWait ??= context.quotas.beginWait(viewer);
      isAnnounced = await waiter.wait(waitMs(rest, next), signal);
      // Stop: the caller disconnected, the server is stopping, or the key was revoked during the wait.
      if (signal.aborted || context.stopping() || (await hasKeyEnded(context, viewer))) return answer;
    }
  } finally {
    endWait?.();
    waiter.end(isAnnounced);
  }
}

/** The minimum time between two queries of the queue. Without it, a due but locked task would cause a busy loop. */
const MIN_WAIT_MS = 10;

/**
 * The maximum time between two queries of the queue. A task that was skipped because its row was locked causes no event if
 * the lock holder changed nothing, so a waiting claim polls.
 */
const MAX_WAIT_MS = 10_000;

/** The time until the wait ends or a task becomes eligible by time. */
function waitMs(rest: number, next: NextEligible | null): number {
  return Math.max(MIN_WAIT_MS, Math.min(rest, MAX_WAIT_MS, next?.inMs ?? rest));
}

function claimOnce({ context, agentId, input, columns }: Claiming): Promise<Claim> {
  return context.claims.claim(toRequest(agentId, input), columns);
}

function toRequest(agentId: string, input: ClaimNextTask): Omit<ClaimRequest, 'runId'> {
  return {
    agentId,
    maxCapacity: input.maxCapacity ?? null,
    leaseMs: input.lease ?? LIMITS.leaseDefaultMs,
    resume: input.resume ?? false,
    narrowing: narrowingOf(input),
    idempotencyKey: input.idempotencyKey ?? null,
    fingerprint: input.idempotencyKey ? fingerprintOf({ ...input, waitSeconds: 0 }) : null,
  };
}

/** `isForOthers`: there is work in the inbox that other agents may have. */
function toAnswer({ reason, task, run }: Claim): ClaimAnswer & { readonly isForOthers: boolean } {
  if (reason === 'IDEMPOTENCY_KEY_REUSED') throw keyReused();
  const isForOthers = reason === 'NOTHING_FOR_AGENT';
  return {
    reason: isForOthers ? 'NO_TASKS_AVAILABLE' : reason,
    ...{ task, run, isForOthers },
    nextEligibleAt: null,
  };
}

function narrowingOf({ tags, capabilities, model }: ClaimNextTask): ClaimNarrowing | null {
  const wanted = tags?.length ? tags : undefined;
  if (wanted === undefined && !capabilities && !model) return null;
  return { tags: wanted, capabilities: capabilities ?? undefined, model: model ?? undefined };
}
