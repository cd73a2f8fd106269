import { z } from 'zod';
import type { OpenclawConnection } from './connection.js';
import { ConnectionLost, NotConnected } from './failures.js';
import { type OpenclawLink, rest } from './link.js';
import type { OpenclawRun } from './run.js';

const TIMEOUT_MS = 5_000;
const RETRY_MS = 100;

/**
 * Cancels a run at the gateway. It tries for a limited time: an unreachable gateway ends the run at the run's own time limit.
 */
export async function cancelRun(link: OpenclawLink, run: OpenclawRun): Promise<void> {
  if (!run.isSent && run.bootId === null) return;
  const timeout = new AbortController();
  const cancelled = tryToCancel(link, run, timeout.signal).catch((error: unknown) => {
    if (!(error instanceof NotConnected) && !(error instanceof ConnectionLost)) throw error;
  });
  await Promise.race([cancelled, rest(TIMEOUT_MS, timeout.signal)]).finally(() => timeout.abort());
}

async function tryToCancel(link: OpenclawLink, run: OpenclawRun, signal: AbortSignal): Promise<void> {
  const isAccepted = run.bootId !== null;
  while (!signal.aborted) {
    const connection = await link.reconnect(signal);
    const { ok, payload } = await connection.request('sessions.abort', {
      key: run.sessionKey,
      runId: run.runId,
    });
    // After a reconnect only an admin may abort the run. The run's task can still be cancelled.
    if (!ok) return cancelTasks(connection, run);
    // Until it is accepted, the run is not active and can't be aborted.
    if (payload.status === 'aborted' || isAccepted) return;
    await rest(RETRY_MS, signal);
  }
}

const tasksShape = z.object({
  tasks: z.array(z.object({ taskId: z.string(), status: z.string() })).default([]),
});

async function cancelTasks(connection: OpenclawConnection, { sessionKey }: OpenclawRun): Promise<void> {
  const { payload } = await connection.request('tasks.list', { sessionKey });
  const tasks = tasksShape.safeParse(payload).data?.tasks ?? [];
  const running = tasks.filter(({ status }) => status === 'running' || status === 'queued');
  await Promise.all(
    running.map(({ taskId }) =>
      connection.request('tasks.cancel', { taskId, reason: 'The call was ended.' }),
    ),
  );
}
