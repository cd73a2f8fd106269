import type { EventType } from '../../domain/events/event-types.js';
import { findNextOrphanMs, listPushAgentIds, type ReadyAgent } from '../../store/dispatch/dispatch.js';
import { MAKES_WORK } from '../runs/wake-claims.js';
import type { ServiceContext } from '../service-context.js';
import { type DispatchTurn, dispatchTasks, gatewayOf } from './dispatch-tasks.js';
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
  /** What the system calls this process, if it tells. */
  readonly processName?: string | null;
  /** Of dispatched runs, in milliseconds. */
  readonly leaseMs?: number;
  readonly stopGraceMs?: number;
  readonly patience?: CallPatience | undefined;
}

/** An entry of the log, as far as the dispatcher needs it. */
interface Entry {
  readonly type: string;
  readonly agentId?: string | null | undefined;
  readonly runId?: string | null | undefined;
}

/** Sends the assigned tasks of PUSH agents through their gateways, in this process. */
export interface Dispatcher {
  /** Opens runs while there are slots, takes over runs that nobody holds any more, and waits for none of them. */
  takeTurn(): Promise<DispatchTurn>;
  /** Whether an entry of the log may have made work for it. */
  isConcernedBy(entry: Entry): boolean;
  /** Aborts the calls of runs that somebody else has ended, and takes note of agents that were changed. */
  notice(entries: readonly Entry[]): void;
  /** Calls back when a slot got free or a gateway answers again; returns the function that ends this. */
  onWork(listener: () => void): () => void;
  /** Starts no more calls, lets those that are on end for a bounded time, and hands back the rest. */
  stop(): Promise<void>;
}

/** Long enough for a pause of the process, short enough to find the run of a dead one soon. */
const LEASE_MS = 30_000;
const STOP_GRACE_MS = 5_000;

/** After these a call under way may be for nothing. */
const ENDS_RUN: readonly EventType[] = [
  'run.succeeded',
  'run.failed',
  'run.timed_out',
  'run.released',
  'run.requeued',
  'run.cancelled',
];

/** After these there may be a PUSH agent that was none, or none any more. */
const CHANGES_AGENTS: readonly EventType[] = ['agent.created', 'agent.updated'];
const isAgentChange = (type: string) => CHANGES_AGENTS.some((each) => each === type);

/** After these an agent may have a task to be sent that it had not before, or room for one. */
export const MAKES_DISPATCHES: readonly EventType[] = [
  ...MAKES_WORK,
  ...ENDS_RUN,
  ...CHANGES_AGENTS,
  'agent.status_changed',
];

/** What `notice` takes note of. */
export const CONCERNS_CALLS: readonly EventType[] = [...ENDS_RUN, ...CHANGES_AGENTS];

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
    settle: ({ id, taskId }, ending) =>
      settleDispatch(context, { runId: id, taskId, dispatcher: owner.dispatcher }, ending),
  });

  async function takeTurn(): Promise<DispatchTurn> {
    await pushAgents.learn();
    const recovered = await recoverDispatches({ context, owner, calls });
    const turn = await dispatchTasks({ context, owner, calls, reachability, onReady: missing.tell });
    // Last, for no call that is to be made waits for it.
    await endLeasesOfDead(database.pool, 'task', owner.dispatcher);
    const orphanInMs = await findNextOrphanMs(database.pool, owner.dispatcher);
    return {
      handled: recovered + turn.handled,
      nextInMs: Math.min(turn.nextInMs, Math.max(MIN_REST_MS, orphanInMs ?? Number.POSITIVE_INFINITY)),
    };
  }

  return {
    takeTurn,
    isConcernedBy({ type, agentId }) {
      // A PUSH agent that this process has not heard of was created or changed after the last turn.
      if (isAgentChange(type)) return true;
      return typeof agentId === 'string' && pushAgents.has(agentId);
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

/** A run that nobody could be found for is looked at again after this at the earliest, in milliseconds. */
const MIN_REST_MS = 500;

/** Which agents are PUSH agents, asked for once and again when one may have changed. */
function createPushAgents({ database }: DispatcherOptions['context']) {
  let ids: ReadonlySet<string> = new Set();
  let isKnown = false;
  return {
    async learn(): Promise<void> {
      if (isKnown) return;
      // Beforehand, so that what changes meanwhile is asked for by the next turn.
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
  };
}

/** Says of an agent whose gateway this process does not have that its tasks wait; once, until that changes. */
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
