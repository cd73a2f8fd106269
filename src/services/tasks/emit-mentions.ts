import type { Actor } from '../../domain/actor.js';
import { LIMITS } from '../../domain/limits.js';
import { findMentions } from '../../domain/tasks/mentions.js';
import { cutText } from '../../domain/text-room.js';
import type { Transaction } from '../../postgres/transaction.js';
import { listAgents } from '../../store/agents/agent-lookups.js';
import type { CommentRow } from '../../store/tasks/comments.js';

/** Appends an event for each agent that a comment names as @name, except for its author. */
export async function emitMentions(
  tx: Transaction,
  actor: Actor,
  { id, taskId, body }: Pick<CommentRow, 'id' | 'taskId' | 'body'>,
): Promise<void> {
  const names = findMentions(body);
  if (names.length === 0) return;
  const keys = names.map((name) => ({ name }));
  const named = (await listAgents(tx.executor, keys, ['id'])).map((agent) => agent.id);
  const payload = { message: cutText(body, LIMITS.progressLength) };
  for (const agentId of named.sort()) {
    if (agentId === actor.agentId) continue;
    tx.emit({ type: 'comment.mentioned', actor, taskId, agentId, commentId: id, payload });
  }
}
