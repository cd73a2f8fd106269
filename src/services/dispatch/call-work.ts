import type { CallWork, GatewayCall } from '../../gateway/gateway.js';
import type { AgentRow } from '../../store/agents/agents.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { createRunKey, revokeRunKey } from '../keys/api-keys.js';
import type { ServiceContext } from '../service-context.js';

/** A key outlives the time limit of its run by this, in milliseconds: a program may take as long to end. */
const KEY_OVERTIME_MS = 300_000;

/** The task of a call, with facts that its run adds. */
export interface WorkOfCall {
  readonly task: TaskRow;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Describes the task and the run of a call to the program that works on it. */
export function describeCallWork(
  context: Pick<ServiceContext, 'database' | 'instrument'>,
  { id: runId }: { readonly id: string },
  { id: agentId }: Pick<AgentRow, 'id'>,
  { task, facts }: WorkOfCall,
  { agentName, prompt, model, timeoutMs }: GatewayCall,
): CallWork {
  const { id, title, description, priority, tags, metadata, dueAt, createdAt } = task;
  const ref = `TASK-${task.number}`;
  return {
    taskRef: ref,
    runId,
    task: {
      ...{ id, ref, title, description, priority, tags, metadata, dueAt, createdAt },
      ...{ runId, agent: agentName, model, prompt },
      ...facts,
    },
    async createKey() {
      const validMs = timeoutMs + KEY_OVERTIME_MS;
      const key = await createRunKey(context, { runId, agentId, validMs });
      return { secret: key.secret, revoke: () => revoke(context, runId, key.id) };
    },
  };
}

/** A key that can't be revoked now expires by itself. The answer of its run must not be lost for that. */
async function revoke(
  context: Pick<ServiceContext, 'database' | 'instrument'>,
  runId: string,
  keyId: string,
): Promise<void> {
  try {
    await revokeRunKey(context, keyId);
  } catch (error) {
    const facts = { runId, keyId, error };
    context.instrument.emit('warn', 'key.not_revoked', 'The key of a run could not be revoked', facts);
  }
}
