import type { Comment } from '../../generated/prisma/client.js';
import { columns } from '../../postgres/sql-assignments.js';
import type { Transaction } from '../../postgres/transaction.js';

export type CommentRow = Comment;

/** Inserts a comment; its creation time comes from the database clock. */
export async function insertComment(
  tx: Transaction,
  comment: Pick<CommentRow, 'id' | 'taskId' | 'authorKeyId' | 'authorAgentId' | 'inReplyToId' | 'body'>,
): Promise<CommentRow> {
  const { names, places, values } = columns(comment);
  const row = await tx.one<CommentRow>({
    name: 'insert_comment',
    text: `INSERT INTO comments (${names.join(', ')}) VALUES (${places.join(', ')}) RETURNING *`,
    values,
  });
  if (row === null) throw new Error('INSERT INTO comments returned no row');
  return row;
}

/** The comment with this id; null if there is none. */
export async function findComment(tx: Transaction, id: string): Promise<CommentRow | null> {
  return tx.one<CommentRow>({
    name: 'find_comment',
    text: 'SELECT * FROM comments WHERE id = $1',
    values: [id],
  });
}
