import { newId } from '../../kernel/ids.js';
import type { Instrument } from '../../kernel/instrument.js';
import { createBatchQueue, refuseStopping } from '../../postgres/batch-queue.js';
import { noteCommit } from '../../postgres/transaction.js';
import {
  type ClaimColumns,
  type ClaimRequest,
  type ClaimRow,
  claimColumnsForAll,
  claimTasks,
  listEventsOfClaim,
} from '../../store/runs/claim-tasks.js';
import { toPresenceRules } from '../presence-rules.js';
import type { ClaimQueue, ServiceContext } from '../service-context.js';

const ALL_COLUMNS: ClaimColumns = { task: '*', run: '*' };

/** The waits before the retries of a request whose agent is locked by another transaction, in milliseconds. */
const LOCKED_RETRY_MS = [2, 5, 10, 20, 50];

const REFUSAL = 'hands out no more tasks';

export type ClaimQueueContext = Pick<ServiceContext, 'database' | 'instrument' | 'settings' | 'gateways'>;

interface Asked {
  readonly request: ClaimRequest;
  readonly columns: ClaimColumns;
}

/** Batches the claims of this process. */
export function createClaimQueue(context: ClaimQueueContext): ClaimQueue {
  const { database, instrument } = context;
  const postponement = createPostponement();
  const batches = createBatchQueue<Asked, ClaimRow>({
    connection: database.claimConnection,
    // The next request of the same agent must see the result of this one.
    subjectsOf: ({ request }) => [request.agentId],
    refusal: REFUSAL,
    async serve(connection, asked) {
      const requests = asked.map(({ request }) => request);
      const columns = claimColumnsForAll(asked.map((each) => each.columns));
      const rows = await claimTasks(connection, requests, columns, toPresenceRules(context));
      return rows.sort((one, other) => one.request - other.request);
    },
    note(asked, rows) {
      const events = asked.flatMap(({ request }, i) => (rows[i] ? listEventsOfClaim(request, rows[i]) : []));
      if (events.length > 0) noteCommit(database, events);
    },
  });

  return {
    async claim(given, columns = ALL_COLUMNS) {
      const request = { ...given, runId: newId('run') };
      for (let tries = 0; ; tries += 1) {
        const { reason, task, run } = await batches.ask({ request, columns });
        if (reason !== 'AGENT_LOCKED') return { reason, task, run };
        if (tries === 100) warnOfLock(instrument, request.agentId);
        await postponement.wait(LOCKED_RETRY_MS[Math.min(tries, LOCKED_RETRY_MS.length - 1)]);
      }
    },
    async close() {
      postponement.close();
      await batches.close();
    },
  };
}

/** The waits of the requests whose agent is locked by another transaction. */
function createPostponement() {
  const ends = new Map<NodeJS.Timeout, () => void>();
  let isClosed = false;
  return {
    /** @throws Unavailable if the queue is closed before the time has passed. */
    async wait(ms: number | undefined): Promise<void> {
      await new Promise<void>((resolve) => {
        if (isClosed) return resolve();
        const timer = setTimeout(() => {
          ends.delete(timer);
          resolve();
        }, ms);
        ends.set(timer, resolve);
      });
      if (isClosed) throw refuseStopping(REFUSAL);
    },
    close(): void {
      isClosed = true;
      for (const [timer, end] of ends) {
        clearTimeout(timer);
        end();
      }
      ends.clear();
    },
  };
}

function warnOfLock(instrument: Instrument, agentId: string): void {
  const message = 'A claim waits for the row lock of an agent: look for a long transaction';
  instrument.emit('warn', 'claim.agent_locked', message, { agentId });
}
