import { randomUUID } from 'node:crypto';
import type { Reply } from './fake-openclaw-replies.js';

type Fields = Record<string, unknown>;

/** A run of the fake gateway. */
export interface FakeRun {
  readonly runId: string;
  readonly sessionKey: string;
  readonly message: string;
  readonly model: string;
  /** The connection that started the run. Without admin scope only this connection may abort it. */
  readonly owner: unknown;
  readonly begunAt: number;
  final: Reply | null;
  wait: Fields | null;
  readonly settled: Promise<void>;
  settle(final: Reply, wait: Fields): void;
  timer?: NodeJS.Timeout;
}

interface Session {
  readonly messages: Fields[];
  readonly pending: { runId: string; state: string }[];
}

/** The gateway's stored records, and the runs in its memory. */
export interface FakeRuns {
  readonly begun: FakeRun[];
  active(): FakeRun[];
  find(runId: string): FakeRun | undefined;
  /** Records the input and begins the turn, unless the scenario is that it never begins. */
  accept(
    start: Pick<FakeRun, 'runId' | 'sessionKey' | 'message' | 'model' | 'owner'>,
    timeoutMs: number,
  ): FakeRun;
  succeed(run: FakeRun, text: string): void;
  fail(run: FakeRun, message: string): void;
  /** Ends the run like the gateway at the end of its time limit. */
  timeOut(run: FakeRun): void;
  cancel(run: FakeRun): void;
  cancelTask(taskId: string): boolean;
  history(sessionKey: string): Fields;
  tasks(sessionKey: string): Fields[];
  /** Loses all runs in memory. Inputs without a turn are interrupted. */
  crash(): FakeRun[];
}

export function createFakeRuns(onEvent: (event: string, payload: Fields) => void): FakeRuns {
  const sessions = new Map<string, Session>();
  const tasks: Fields[] = [];
  const begun: FakeRun[] = [];
  let runs = new Map<string, FakeRun>();

  const sessionOf = (key: string): Session => {
    const session = sessions.get(key) ?? { messages: [], pending: [] };
    sessions.set(key, session);
    return session;
  };
  const markTask = (run: FakeRun, status: string) => {
    const task = tasks.find(({ runId }) => runId === run.runId);
    if (task !== undefined) task.status = status;
    onEvent('task', { action: 'upserted', task: { ...task } });
  };
  const lifecycle = (run: FakeRun, data: Fields) =>
    onEvent('agent', { runId: run.runId, sessionKey: run.sessionKey, stream: 'lifecycle', data, seq: 1 });

  function settle(run: FakeRun, final: Reply, wait: Fields, status: string): void {
    if (run.final !== null) return;
    clearTimeout(run.timer);
    lifecycle(run, { phase: final.ok ? 'end' : 'error', executionSettled: true });
    markTask(run, status);
    run.settle(final, { runId: run.runId, endedAt: 1_795_331_619_050, ...wait });
  }

  return {
    begun,
    active: () => [...runs.values()].filter(({ final }) => final === null),
    find: (runId) => runs.get(runId),
    accept(start, timeoutMs) {
      let resolve: () => void = () => undefined;
      const run: FakeRun = {
        ...start,
        begunAt: begun.length,
        final: null,
        wait: null,
        settled: new Promise<void>((done) => {
          resolve = done;
        }),
        settle(final, wait) {
          Object.assign(run, { final, wait });
          resolve();
        },
      };
      runs.set(run.runId, run);
      const { messages, pending } = sessionOf(run.sessionKey);
      if (run.message.includes('[[never-begins]]')) {
        pending.push({ runId: run.runId, state: 'accepted' });
        return run;
      }
      begun.push(run);
      tasks.push({ taskId: randomUUID(), runId: run.runId, sessionKey: run.sessionKey, status: 'running' });
      messages.push({ role: 'user', content: run.message, idempotencyKey: `${run.runId}:user` });
      markTask(run, 'running');
      lifecycle(run, { phase: 'start', startedAt: 1_795_331_609_628 });
      if (!run.message.includes('[[deaf]]')) run.timer = setTimeout(() => this.timeOut(run), timeoutMs);
      return run;
    },
    succeed(run, text) {
      if (run.final !== null) return;
      const usage = { input: 90, output: 10, cacheRead: 7, cacheWrite: 3, total: 110, cost: { total: 0.5 } };
      sessionOf(run.sessionKey).messages.push({
        role: 'assistant',
        content: [{ type: 'text', text }],
        provider: 'stub',
        model: run.model,
        usage,
        stopReason: 'stop',
        __openclaw: { runId: run.runId },
      });
      const meta = {
        durationMs: 5,
        aborted: false,
        agentMeta: { provider: 'stub', model: run.model, usage, costUsd: 0.5 },
      };
      const payloads = text === '' ? [] : [{ text, mediaUrl: null }];
      const payload = { runId: run.runId, status: 'ok', summary: 'completed', result: { payloads, meta } };
      const terminalReply = { disposition: text === '' ? 'empty' : 'visible', text };
      settle(run, { ok: true, payload }, { status: 'ok', stopReason: 'stop', terminalReply }, 'completed');
    },
    fail(run, message) {
      const payload = { runId: run.runId, status: 'error', summary: message };
      const final = { ok: false, payload, error: { code: 'UNAVAILABLE', message } };
      settle(run, final, { status: 'error', error: message }, 'failed');
    },
    timeOut(run) {
      const text = 'Request timed out before a response was generated.';
      const result = { payloads: [{ text, isError: true }], meta: { error: { kind: 'incomplete_turn' } } };
      const payload = {
        runId: run.runId,
        status: 'timeout',
        summary: 'aborted',
        timeoutPhase: 'provider',
        result,
      };
      settle(run, { ok: true, payload }, { status: 'timeout', timeoutPhase: 'provider' }, 'timed_out');
    },
    cancel(run) {
      const payload = { runId: run.runId, status: 'timeout', summary: 'aborted', stopReason: 'rpc' };
      settle(run, { ok: true, payload }, { status: 'error', stopReason: 'rpc' }, 'cancelled');
    },
    cancelTask(taskId) {
      const run = runs.get(String(tasks.find((task) => task.taskId === taskId)?.runId));
      if (run !== undefined) this.cancel(run);
      return run !== undefined;
    },
    history(sessionKey) {
      const { messages, pending } = sessions.get(sessionKey) ?? { messages: [], pending: [] };
      const active = [...runs.values()].find((run) => run.final === null && run.sessionKey === sessionKey);
      const isBegun = active !== undefined && begun.includes(active);
      return {
        sessionKey,
        messages,
        pendingInputs: { items: pending, total: pending.length },
        ...(isBegun && { inFlightRun: { runId: active.runId, text: '' } }),
      };
    },
    tasks: (sessionKey) => tasks.filter((task) => task.sessionKey === sessionKey),
    crash() {
      const lost = [...runs.values()].filter(({ final }) => final === null);
      for (const run of lost) {
        clearTimeout(run.timer);
        const task = tasks.find(({ runId }) => runId === run.runId);
        if (task !== undefined) task.status = 'cancelled';
      }
      for (const { pending } of sessions.values()) for (const item of pending) item.state = 'interrupted';
      runs = new Map();
      return lost;
    },
  };
}
