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
import { reportCallProgress } from './call-progress.js';
import { describeCallWork, type WorkOfCall } from './call-work.js';
import type { CallEnding, PlannedCall } from './gateway-call.js';
import { createGatewayCalls, type GatewayCalls, type GatewayCallsOptions } from './gateway-calls.js';
import type { RunOwner } from './open-dispatch.js';

/** The columns of a task's run or of a review run from which its call is made. They never change. */
export type CallRun = Pick<TaskRunRow, 'id' | 'taskId' | 'gateway' | 'idempotencyKey' | 'prompt' | 'model'>;

/** A run that was taken over, with the state that its gateway returned when it accepted the call. */
export type RecoveredRun = CallRun & Pick<TaskRunRow, 'gatewayState'>;

/** A run whose lease this process has just got, by a statement that it sent at `leasedAtMs` on its own clock. */
export interface Leased<Run> {
  readonly run: Run;
  readonly leasedAtMs: number;
}

export interface RunCallsOptions
  extends Pick<GatewayCallsOptions, 'reachability' | 'stopGraceMs' | 'patience' | 'limitPace'> {
  readonly context: Pick<ServiceContext, 'database' | 'settings' | 'instrument'>;
  readonly kind: DispatchKind;
  readonly owner: RunOwner;
  /** Writes the ending of a run's call; see `PlannedCall.settle`. */
  settle(run: CallRun, ending: CallEnding): Promise<void>;
}

/** The gateway calls of one kind of run. This process holds the lease of each. */
export interface RunCalls extends Pick<GatewayCalls, 'free' | 'underWay' | 'isLimited' | 'lose' | 'stop'> {
  /** Sends the call of a run that was just opened. Does not wait for the answer. */
  send(leased: Leased<CallRun>, agent: AgentRow, gateway: Gateway, work: WorkOfCall): void;
  /** Asks the gateway for the result of a run that was taken over. Does not wait for the answer. */
  recover(leased: Leased<RecoveredRun>, agent: AgentRow, gateway: Gateway): void;
  /** Calls back when a slot becomes free or a gateway answers again; returns a function that removes the listener. */
  onWork(listener: () => void): () => void;
}

/** Creates the calls of one kind of run. */
export function createRunCalls(options: RunCallsOptions): RunCalls {
  const { context, kind, owner, reachability, settle } = options;
  const { database, settings } = context;
  const calls = createLeasedCalls(options);

  function plan(
    { run, leasedAtMs }: Leased<CallRun>,
    agent: AgentRow,
    gateway: Gateway,
    work?: WorkOfCall,
  ): PlannedCall {
    const call = toCall(run, agent, settings.dispatch.timeoutMs);
    const held = { id: run.id, dispatcher: owner.dispatcher };
    return {
      runId: run.id,
      workId: `${kind} ${run.taskId}`,
      agentId: agent.id,
      gateway,
      leasedAtMs,
      call: work === undefined ? call : { ...call, work: describeCallWork(context, run, agent, work, call) },
      onAccepted: ({ gatewayRunId, state }) =>
        writeGatewayState(database.pool, kind, held, gatewayRunId, state),
      onProgress: kind === 'task' ? (text) => reportCallProgress(context, held, text) : undefined,
      settle: (ending) => settle(run, ending),
    };
  }

  return {
    free: calls.free,
    underWay: calls.underWay,
    isLimited: calls.isLimited,
    lose: calls.lose,
    stop: calls.stop,
    send: (leased, agent, gateway, work) => calls.start(plan(leased, agent, gateway, work)),
    recover: (leased, agent, gateway) =>
      calls.start({
        ...plan(leased, agent, gateway),
        recovers: { state: parseState(leased.run.gatewayState) },
      }),
    onWork(listener) {
      const ends = [calls.onFree(listener), reachability.onReturn(listener)];
      return () => {
        for (const end of ends) end();
      };
    },
  };
}

/** Creates calls that renew the leases of their runs. */
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
      // The gateway works for the agent, so the agent is alive.
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

/** Parses the value that `writeGatewayState` stored; null for anything else. */
function parseState(stored: TaskRunRow['gatewayState']): GatewayState | null {
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return null;
  const entries = Object.entries(stored).filter(
    (entry): entry is [string, string | number | boolean | null] =>
      typeof entry[1] !== 'object' || entry[1] === null,
  );
  return Object.fromEntries(entries);
}
