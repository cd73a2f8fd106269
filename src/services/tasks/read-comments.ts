import { listNewComments } from '../../store/tasks/comment-lists.js';
import type { CommentRow } from '../../store/tasks/comments.js';
import type { ServiceContext } from '../service-context.js';

/** The maximum number of comments in the answer of a claim. */
const MAX_COMMENTS = 50;

/** What people have commented on a claimed task since the last run began that handed in a result, oldest first. */
export function listCommentsOfClaim(
  { database }: Pick<ServiceContext, 'database'>,
  taskId: string,
): Promise<CommentRow[]> {
  return listNewComments(database.pool, taskId, MAX_COMMENTS);
}
