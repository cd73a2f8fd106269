import { sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import type { PresenceRules } from '../agents/presence.js';
import { columnsForAll, rowOf, shapeOf } from '../lists/row-shape.js';
import type { TaskRow } from '../tasks/tasks.js';
import {
  type ClaimColumns,
  type ClaimRequest,
  type ClaimRow,
  claimArguments,
  claimedRows,
  claimShapes,
  parseClaim,
  type RawClaim,
} from './claim-tasks.js';
import { type EndedRun, type EndRunCall, endArguments } from './end-runs.js';

/** A call that ends a run, and the claim of the next task that follows it in the same request. */
export interface HandIn {
  readonly end: EndRunCall;
  readonly claim: ClaimRequest;
}

/** A run that was ended, and what the claim brought. */
export interface HandedIn {
  readonly ended: EndedRun;
  readonly claimed: ClaimRow;
}

/** A row of the end of a run, or of the claim that follows it. */
type Row = Omit<RawClaim, 'reason'> &
  Omit<EndedRun, 'task'> & { readonly endedTask: unknown; readonly reason: ClaimRow['reason'] | null };

/**
 * Ends runs and claims the next tasks in one transaction, with the database function `end_runs_and_claim`. Null for a request
 * whose run it has left alone: then it has claimed nothing either.
 */
export async function endRunsAndClaim(
  executor: Executor,
  handIns: readonly HandIn[],
  columns: ClaimColumns,
  rules: PresenceRules,
): Promise<(HandedIn | null)[]> {
  const calls = handIns.map(({ end }) => end);
  const claims = handIns.map(({ claim }) => claim);
  const task = shapeOf<TaskRow>('Task', columnsForAll(calls.map((call) => call.columns)));
  const shapes = claimShapes(columns);
  const rows = await query<Row>(
    executor,
    toStatement(
      sql`SELECT c.request, c.reason, ${claimedRows(shapes)}, c.agent_id, c.started_at, (c.ended_task).status AS to,
          CASE WHEN c.reason IS NULL THEN ${rowOf(task, sql`SELECT (c.ended_task).*`)} END AS ended_task
        FROM end_runs_and_claim(${endArguments(calls)}, ${claimArguments(claims, rules)}) c`,
      'claim',
    ),
  );
  const ended = new Map<number, EndedRun>();
  const claimed = new Map<number, ClaimRow>();
  for (const row of rows) {
    const { request, reason, endedTask, agentId, startedAt, to } = row;
    if (reason === null) ended.set(request, { task: task.parse(endedTask), agentId, startedAt, to });
    else claimed.set(request, parseClaim({ ...row, reason }, shapes));
  }
  return handIns.map((_, i) => {
    const [end, claim] = [ended.get(i), claimed.get(i)];
    return end && claim ? { ended: end, claimed: claim } : null;
  });
}
