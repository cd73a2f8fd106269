import { sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import { rowOf, shapeOf } from '../lists/row-shape.js';
import type { CommentRow } from './comments.js';
import type { TaskKey } from './tasks.js';

/** A comment to add. */
export interface CommentToAdd {
  readonly id: string;
  readonly task: TaskKey;
  /** The key of the author, which is also the scope of its idempotency key. */
  readonly keyId: string;
  /** The agent of that key. */
  readonly agentId: string | null;
  readonly body: string;
  readonly inReplyToId: string | null;
  readonly idempotencyKey: string | null;
  /** The hash of the input, to detect a reused key. */
  readonly fingerprint: string | null;
}

/** An added comment, or the one of an earlier call with the same idempotency key. */
export interface AddedComment {
  readonly comment: CommentRow;
  readonly isNew: boolean;
}

const SHAPE = shapeOf<CommentRow>('Comment', '*');

/**
 * Adds the comments of several callers in one round trip. Null for a comment that has to be refused, or where only the runs of
 * the agent decide whether it may see the task. The statement is its own transaction.
 */
export async function addComments(
  executor: Executor,
  comments: readonly CommentToAdd[],
): Promise<(AddedComment | null)[]> {
  const rows = await query<{ place: number; isNew: boolean; comment: unknown }>(
    executor,
    toStatement(
      sql`SELECT c.place, c.is_new, ${rowOf(SHAPE, sql`SELECT (c.comment).*`)} AS comment
      FROM add_comments(${comments.map(({ id }) => id)}::text[],
        ${comments.map(({ task }) => ('id' in task ? task.id : null))}::text[],
        ${comments.map(({ task }) => ('number' in task ? task.number : null))}::bigint[],
        ${comments.map(({ keyId }) => keyId)}::text[], ${comments.map(({ agentId }) => agentId)}::text[],
        ${comments.map(({ body }) => body)}::text[], ${comments.map(({ inReplyToId }) => inReplyToId)}::text[],
        ${comments.map(({ idempotencyKey }) => idempotencyKey)}::text[],
        ${comments.map(({ fingerprint }) => fingerprint)}::text[]) c`,
      'claim',
    ),
  );
  const added = new Map(
    rows.map(({ place, isNew, comment }) => [place, { isNew, comment: SHAPE.parse(comment) }]),
  );
  return comments.map((_, index) => added.get(index + 1) ?? null);
}
