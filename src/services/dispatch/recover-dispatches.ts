import { systemClock } from '../../kernel/clock.js';
import { inTransaction } from '../../postgres/transaction.js';
import { findAgent } from '../../store/agents/agents.js';
import { listOrphanedRuns, takeOverRun } from '../../store/dispatch/dispatch.js';
import type { ServiceContext } from '../service-context.js';
import type { RunOwner } from './open-dispatch.js';
import type { RunCalls } from './run-calls.js';

export interface RecoveryOptions {
  readonly context: Pick<ServiceContext, 'database' | 'gateways'>;
  readonly owner: RunOwner;
  readonly calls: RunCalls;
}

/**
 * Takes over dispatched runs whose lease has expired because their process died or lost the database, up to the number of
 * free slots. Returns their number. A run whose gateway this process does not have is left to a process that has it, and
 * finally to `requeueStaleTasks`.
 */
export async function recoverDispatches({ context, owner, calls }: RecoveryOptions): Promise<number> {
  const own = calls.underWay().map(({ runId }) => runId);
  const orphans = await listOrphanedRuns(context.database.pool, own, PAGE);
  let recovered = 0;
  for (const orphan of orphans) {
    if (calls.free() === 0) break;
    const gateway = context.gateways.get(orphan.gateway ?? '');
    if (gateway === undefined) continue;
    const leasedAtMs = systemClock.now();
    const run = await inTransaction(context.database, (tx) =>
      takeOverRun(tx, orphan, owner.dispatcher, owner.leaseMs),
    );
    const agent = run === null ? null : await findAgent(context.database.pool, { id: run.agentId });
    if (run === null || agent === null) continue;
    calls.recover({ run, leasedAtMs }, agent, gateway);
    recovered += 1;
  }
  return recovered;
}

/** The maximum number of runs that one job run recovers; the next one handles the rest. */
const PAGE = 100;
