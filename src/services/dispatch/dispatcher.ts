import type { EventType } from '../../domain/events/event-types.js';
import { findNextOrphanMs, listPushAgentIds, type ReadyAgent } from '../../store/dispatch/dispatch.js';
import { gatewayOf } from '../gateways-of-agents.js';
import { MAKES_WORK } from '../runs/wake-claims.js';
import type { ServiceContext } from '../service-context.js';
import type { LimitPace } from './agent-limits.js';
import { type DispatchJobRun, dispatchTasks } from './dispatch-tasks.js';
import { endLeasesOfDead, newDispatcherId } from './dispatcher-id.js';
import type { CallPatience } from './gateway-call.js';
import type { GatewayReachability } from './gateway-reachability.js';
import type { RunOwner } from './open-dispatch.js';
import { recoverDispatches } from './recover-dispatches.js';
import { createRunCalls } from './run-calls.js';
import { settleDispatch } from './settle-dispatch.js';

export interface DispatcherOptions {
  readonly context: Pick<ServiceContext, 'database' | 'settings' | 'instrument' | 'gateways' | 'stopping'>;
  readonly reachability: GatewayReachability;
  /** The name of this process in the operating system, if known. */
  readonly processName?: string | null;
  /** The length of the leases of dispatched runs, in milliseconds. */
  readonly leaseMs?: number;
  readonly stopGraceMs?: number;
  readonly patience?: CallPatience | undefined;
  /** How the shortest waits after limits grow. */
  readonly limitPace?: LimitPace | undefined;
}

/** The fields of a log entry that the dispatcher needs. */
interface Entry {
  readonly type: string;
  readonly agentId?: string | null | undefined;
  readonly runId?: string | null | undefined;
}

/** Sends tasks to PUSH agents through their gateways, in this process: those assigned to them, and those of the inbox. */
export interface Dispatcher {
  /** Takes over orphaned runs and opens runs while there are free slots. Does not wait for their calls. */
  runOnce(): Promise<DispatchJobRun>;
  /** Whether a log entry may mean new work for the dispatcher. */
  isConcernedBy(entry: Entry): boolean;
  /** Aborts the calls of runs that were ended elsewhere, and notes that agents have changed. */
  notice(entries: readonly Entry[]): void;
  /** Calls back when a slot becomes free or a gateway responds again; returns a function that removes the listener. */
  onWork(listener: () => void): () => void;
  /** Starts no more calls, waits a limited time for the running ones, and releases the rest. */
  stop(): Promise<void>;
}

/** Long enough for a pause of the process, short enough to find the runs of a dead process soon. */
const LEASE_MS = 30_000;
const STOP_GRACE_MS = 5_000;

/** Events that end a run; its gateway call, if still open, is aborted. */
const ENDS_RUN: readonly EventType[] = [
  'run.succeeded',
  'run.failed',
  'run.timed_out',
  'run.released',
  'run.requeued',
  'run.cancelled',
  'run.suspended',
];

/** Events that may change which agents are PUSH. */
const CHANGES_AGENTS: readonly EventType[] = ['agent.created', 'agent.updated'];
const isAgentChange = (type: string) => CHANGES_AGENTS.some((each) => each === type);

/** Events after which an agent may have a task to dispatch, or free capacity for one. */
export const MAKES_DISPATCHES: readonly EventType[] = [
  ...MAKES_WORK,
  ...ENDS_RUN,
  ...CHANGES_AGENTS,
  'agent.status_changed',
];

/** The events that `notice` needs. */
export const CONCERNS_CALLS: readonly EventType[] = [...ENDS_RUN, ...CHANGES_AGENTS];

/** Creates the dispatcher of this process; it does nothing until `runOnce` is called. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { context, reachability, leaseMs = LEASE_MS, stopGraceMs = STOP_GRACE_MS, patience } = options;
  const { database } = context;
  const owner: RunOwner = { dispatcher: newDispatcherId(options.processName), leaseMs };
  const missing = createMissingGateways(context);
  const pushAgents = createPushAgents(context);

  const calls = createRunCalls({
    context,
    kind: 'task',
    owner,
    reachability,
    stopGraceMs,
    patience,
    limitPace: options.limitPace,
    settle: ({ id, taskId }, ending) =>
      settleDispatch(context, { runId: id, taskId, dispatcher: owner.dispatcher }, ending),
  });

  async function runOnce(): Promise<DispatchJobRun> {
    await pushAgents.learn();
    const recovered = await recoverDispatches({ context, owner, calls });
    const result = await dispatchTasks({ context, owner, calls, reachability, onReady: missing.tell });
    // This comes last, because no call waits for it.
    await endLeasesOfDead(database.pool, 'task', owner.dispatcher);
    const orphanInMs = await findNextOrphanMs(database.pool, owner.dispatcher);
    return {
      handled: recovered + result.handled,
      nextInMs: Math.min(result.nextInMs, Math.max(MIN_REST_MS, orphanInMs ?? Number.POSITIVE_INFINITY)),
    };
  }

  return {
    runOnce,
    isConcernedBy({ type, agentId }) {
      // The event may have created a PUSH agent that this process does not know yet.
      if (isAgentChange(type)) return true;
      // An event without an agent may be about a task of the inbox, which any agent may get.
      return typeof agentId === 'string' ? pushAgents.has(agentId) : pushAgents.isAny();
    },
    notice(entries) {
      for (const { type, runId } of entries) {
        if (isAgentChange(type)) pushAgents.forget();
        else if (typeof runId === 'string') calls.lose(runId);
      }
    },
    onWork: calls.onWork,
    stop: calls.stop,
  };
}

/** The minimum wait, in milliseconds, before an orphaned run that could not be taken over is tried again. */
const MIN_REST_MS = 500;

/** Caches the ids of the PUSH agents until an agent changes. */
function createPushAgents({ database }: DispatcherOptions['context']) {
  let ids: ReadonlySet<string> = new Set();
  let isKnown = false;
  return {
    async learn(): Promise<void> {
      if (isKnown) return;
      // Set before the query, so that a change during the query makes the next job run query again.
      isKnown = true;
      try {
        ids = new Set(await listPushAgentIds(database.pool));
      } catch (error) {
        isKnown = false;
        throw error;
      }
    },
    forget(): void {
      isKnown = false;
    },
    has: (agentId: string) => ids.has(agentId),
    isAny: () => ids.size > 0,
  };
}

/** Warns once per agent and gateway that tasks wait because this process does not have the gateway. */
function createMissingGateways(context: DispatcherOptions['context']) {
  const told = new Map<string, string>();
  return {
    tell(agents: readonly ReadyAgent[]): void {
      for (const { agentId, agentName, gateway: named } of agents) {
        if (gatewayOf(context, named) !== null) {
          told.delete(agentId);
          continue;
        }
        const name = named ?? context.settings.defaultGateway ?? '';
        if (told.get(agentId) === name) continue;
        told.set(agentId, name);
        const message =
          name === ''
            ? `Tasks of ${agentName} wait: it names no gateway, and MC_GATEWAY is not set`
            : `Tasks of ${agentName} wait: this server has no gateway ${name}`;
        context.instrument.emit('warn', 'dispatch.no_gateway', message, { agentId, gateway: name });
      }
    },
  };
}
