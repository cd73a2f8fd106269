import { type Actor, toActor, type Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { Refusal } from '../../domain/refusals.js';
import { findMentions } from '../../domain/tasks/mentions.js';
import { newId } from '../../kernel/ids.js';
import { askOrNull } from '../../postgres/batch-queue.js';
import { inTransaction, noteCommit, type Transaction } from '../../postgres/transaction.js';
import type { CommentToAdd } from '../../store/tasks/add-comments.js';
import { type CommentRow, findComment, insertComment } from '../../store/tasks/comments.js';
import { findTask, type TaskKey, type TaskRow } from '../../store/tasks/tasks.js';
import { findEarlier, fingerprintOf } from '../idempotency.js';
import { noSuchTask, type TaskRef, toLookup, toShown, toTaskKey } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { emitMentions } from './emit-mentions.js';
import { canSeeTask } from './task-visibility.js';

export interface AddComment {
  readonly task: TaskRef;
  readonly body: string;
  readonly inReplyToId?: string | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

/**
 * Adds a comment to a task that the viewer may see. Extends no lease and does not change the task. Each agent that it names as
 * @name gets an event.
 * @throws {Refusal} NOT_FOUND for a task the viewer may not see, and for a reply to a comment of another task.
 */
export async function addComment(
  context: ServiceContext,
  viewer: Viewer,
  input: AddComment,
): Promise<CommentRow> {
  checkFields(input, ['body', 'idempotencyKey']);
  const key = toTaskKey(input.task);
  if (key === null) throw noSuchTask(input.task);
  // Comments that name agents are few, and have further events.
  const isPlain = findMentions(input.body).length === 0;
  const added = isPlain ? await askOrNull(context.batches.comments, toComment(viewer, key, input)) : null;
  if (added === null) return addAlone(context, viewer, input, key);
  const { comment, isNew } = added;
  const { id: commentId, taskId } = comment;
  if (isNew)
    noteCommit(context.database, [{ type: 'task.comment_added', actor: toActor(viewer), taskId, commentId }]);
  return comment;
}

function toComment({ keyId, agentId }: Viewer, task: TaskKey, input: AddComment): CommentToAdd {
  const idempotencyKey = input.idempotencyKey ?? null;
  const fingerprint = idempotencyKey === null ? null : fingerprintOf(input);
  const inReplyToId = typeof input.inReplyToId === 'string' ? toLookup(input.inReplyToId) : null;
  return {
    id: newId('cmt'),
    task,
    keyId,
    agentId,
    body: input.body,
    inReplyToId,
    idempotencyKey,
    fingerprint,
  };
}

/** Adds a comment by single statements: they know the whole rule of who may see a task, and what to refuse. */
function addAlone(
  context: ServiceContext,
  viewer: Viewer,
  input: AddComment,
  key: TaskKey,
): Promise<CommentRow> {
  return inTransaction(context.database, async (tx) => {
    const task = await findTask(tx, key);
    if (task === null || !(await canSeeTask(context, tx, viewer, task))) throw noSuchTask(input.task);
    const id = newId('cmt');
    const earlier = await findEarlier(tx, viewer, 'addComment', input, id);
    const repeated = earlier === null ? null : await findComment(tx, earlier);
    if (repeated !== null) return repeated;
    await checkReply(tx, task, input.inReplyToId);
    const comment = await addCommentIn(tx, toActor(viewer), task, input.body, {
      id,
      inReplyToId: input.inReplyToId ?? null,
    });
    await emitMentions(tx, toActor(viewer), comment);
    return comment;
  });
}

/** Writes a comment and its event in the given transaction. */
export async function addCommentIn(
  tx: Transaction,
  actor: Actor,
  task: Pick<TaskRow, 'id' | 'assigneeId'>,
  body: string,
  {
    id = newId('cmt'),
    inReplyToId = null,
  }: { readonly id?: string; readonly inReplyToId?: string | null } = {},
): Promise<CommentRow> {
  const comment = await insertComment(tx, {
    id,
    taskId: task.id,
    authorKeyId: actor.keyId,
    authorAgentId: actor.agentId,
    inReplyToId,
    body,
  });
  tx.emit({ type: 'task.comment_added', actor, taskId: task.id, agentId: task.assigneeId, commentId: id });
  return comment;
}

async function checkReply(
  tx: Transaction,
  task: TaskRow,
  inReplyToId: string | null | undefined,
): Promise<void> {
  if (inReplyToId === null || inReplyToId === undefined) return;
  const comment = await findComment(tx, toLookup(inReplyToId));
  if (comment?.taskId !== task.id) {
    throw new Refusal('NOT_FOUND', `TASK-${task.number} has no comment ${toShown(inReplyToId)}.`, [
      'inReplyToId',
    ]);
  }
}
