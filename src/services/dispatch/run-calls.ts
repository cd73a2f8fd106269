import type { Gateway, GatewayCall, GatewayState } from '../../gateway/gateway.js';
import type { AgentRow } from '../../store/agents/agents.js';
import { markAgentsSeen } from '../../store/dispatch/dispatch.js';
import {
  type DispatchKind,
  renewDispatchedRuns,
  writeGatewayState,
} from '../../store/dispatch/dispatched-runs.js';
import type { TaskRunRow } from '../../store/runs/runs.js';
import type { ServiceContext } from '../service-context.js';
import type { CallEnding, PlannedCall } from './gateway-call.js';
import { createGatewayCalls, type GatewayCalls, type GatewayCallsOptions } from './gateway-calls.js';
import type { RunOwner } from './open-dispatch.js';

/** The columns of a run, of a task or of a review, that its call is made of: the same before and after a crash. */
export type CallRun = Pick<TaskRunRow, 'id' | 'taskId' | 'gateway' | 'idempotencyKey' | 'prompt' | 'model'>;

/** The run of a process that has ended, with what its gateway said when it accepted the call. */
export type RecoveredRun = CallRun & Pick<TaskRunRow, 'gatewayState'>;

export interface RunCallsOptions
  extends Pick<GatewayCallsOptions, 'reachability' | 'stopGraceMs' | 'patience'> {
  readonly context: Pick<ServiceContext, 'database' | 'settings' | 'instrument'>;
  readonly kind: DispatchKind;
  readonly owner: RunOwner;
  /** Writes what the call of a run came to; see `PlannedCall.settle`. */
  settle(run: CallRun, ending: CallEnding): Promise<void>;
}

/** The calls of one kind of run, each planned from its row and leased to this process. */
export interface RunCalls extends Pick<GatewayCalls, 'free' | 'underWay' | 'lose' | 'stop'> {
  /** Sends the call of a run that was just opened. Does not wait for it. */
  send(run: CallRun, agent: AgentRow, gateway: Gateway): void;
  /** Asks the gateway what became of the call of a run that was taken over. Does not wait for it. */
  recover(run: RecoveredRun, agent: AgentRow, gateway: Gateway): void;
  /** Calls back when a slot got free or a gateway answers again; returns the function that ends this. */
  onWork(listener: () => void): () => void;
}

export function createRunCalls(options: RunCallsOptions): RunCalls {
  const { context, kind, owner, reachability, settle } = options;
  const { database, settings } = context;
  const calls = createLeasedCalls(options);

  function plan(run: CallRun, agent: AgentRow, gateway: Gateway): PlannedCall {
    const held = { id: run.id, dispatcher: owner.dispatcher };
    return {
      runId: run.id,
      agentId: agent.id,
      gateway,
      call: toCall(run, agent, settings.dispatch.timeoutMs),
      onAccepted: ({ gatewayRunId, state }) =>
        writeGatewayState(database.pool, kind, held, gatewayRunId, state),
      settle: (ending) => settle(run, ending),
    };
  }

  return {
    free: calls.free,
    underWay: calls.underWay,
    lose: calls.lose,
    stop: calls.stop,
    send: (run, agent, gateway) => calls.start(plan(run, agent, gateway)),
    recover: (run, agent, gateway) =>
      calls.start({ ...plan(run, agent, gateway), recovers: { state: parseState(run.gatewayState) } }),
    onWork(listener) {
      const ends = [calls.onFree(listener), reachability.onReturn(listener)];
      return () => {
        for (const end of ends) end();
      };
    },
  };
}

/** Calls whose leases are those of their runs. */
function createLeasedCalls({ context, kind, owner, ...options }: RunCallsOptions): GatewayCalls {
  const { database, settings, instrument } = context;
  const { dispatcher, leaseMs } = owner;
  return createGatewayCalls({
    ...options,
    concurrency: settings.dispatch.concurrency,
    leaseMs,
    instrument,
    async renew(runIds) {
      const runs = await renewDispatchedRuns(database.pool, kind, dispatcher, runIds, leaseMs);
      // Its gateway works for it: that is a sign of life.
      await markAgentsSeen(database.pool, [...new Set(runs.map(({ agentId }) => agentId))]);
      return new Set(runs.map(({ id }) => id));
    },
  });
}

function toCall(run: CallRun, agent: AgentRow, timeoutMs: number): GatewayCall {
  return {
    idempotencyKey: run.idempotencyKey ?? run.id,
    agentName: agent.name,
    gatewayAgentId: agent.gatewayAgentId,
    prompt: run.prompt ?? '',
    soul: agent.soul,
    model: run.model,
    timeoutMs: agent.timeoutMs === null ? timeoutMs : Number(agent.timeoutMs),
  };
}

/** What `writeGatewayState` wrote; null for anything else. */
function parseState(stored: TaskRunRow['gatewayState']): GatewayState | null {
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return null;
  const entries = Object.entries(stored).filter(
    (entry): entry is [string, string | number | boolean | null] =>
      typeof entry[1] !== 'object' || entry[1] === null,
  );
  return Object.fromEntries(entries);
}
