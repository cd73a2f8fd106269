import { SYSTEM } from '../../domain/actor.js';
import { routeModel } from '../../domain/dispatch/model-routing.js';
import { buildDispatchPrompt } from '../../domain/dispatch/prompt.js';
import { questionCodeOf } from '../../domain/questions/question-form.js';
import { hasRoom } from '../../domain/runs/capacity.js';
import type { Gateway } from '../../gateway/gateway.js';
import { newId } from '../../kernel/ids.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import { type AgentRow, lockAgent } from '../../store/agents/agents.js';
import { insertDispatchRun, type NewDispatchRun, takeTaskToSend } from '../../store/dispatch/dispatch.js';
import { findUnfinished, listFeedback, listInputs } from '../../store/dispatch/prompt-facts.js';
import { countHeldTasks } from '../../store/runs/capacity.js';
import type { TaskViewer } from '../../store/tasks/task-lists.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { announceStatus } from '../agents/announce-status.js';
import { moveTask } from '../moves/move-task.js';
import { toPresenceRules } from '../presence-rules.js';
import { listPromptComments, listPromptQuestions } from '../questions/prompt-questions.js';
import type { ServiceContext } from '../service-context.js';

/** The owner of dispatched runs, with the length of its leases. */
export interface RunOwner {
  /** The id of this process. */
  readonly dispatcher: string;
  readonly leaseMs: number;
}

/** An opened run whose call has not been sent yet. */
export interface OpenedDispatch {
  readonly agent: AgentRow;
  readonly task: TaskRow;
  readonly run: NewDispatchRun;
}

/**
 * Moves the first unlocked task that the agent may have, its own or one of the inbox, to IN_PROGRESS with a run that
 * contains everything the call needs. Null if there is none, or if the agent may not get a task now. After the commit this
 * process must send the call. If it dies first, the lease expires, and another process asks the gateway for the result.
 */
export async function openDispatch(
  context: Pick<ServiceContext, 'database' | 'settings' | 'gateways'>,
  agentId: string,
  gateway: Gateway,
  owner: RunOwner,
): Promise<OpenedDispatch | null> {
  return inTransaction(context.database, async (tx) => {
    const task = await takeTaskToSend(tx, agentId, toPresenceRules(context));
    if (task === null) return null;
    // The agent's row lock makes the capacity check exact across processes: claims and updates of the agent wait for it.
    const agent = await lockAgent(tx, { id: agentId });
    if (agent === null || !(await mayGetTask(tx, agent, task))) return null;
    const run = await describeRun(context, tx, task, agent, gateway, owner);
    await recordRun(tx, task, run);
    await announceStatus(context, tx, agentId, SYSTEM, { seen: true });
    return { agent, task, run };
  });
}

/** The agent may have changed since the task was chosen for it. The caller has locked both. */
async function mayGetTask(tx: Transaction, agent: AgentRow, task: TaskRow): Promise<boolean> {
  if (agent.delivery !== 'PUSH' || agent.pausedAt !== null) return false;
  if (task.status === 'INBOX' && !agent.acceptsInbox) return false;
  if (!task.requires.every((word) => agent.capabilities.includes(word))) return false;
  return hasRoom(await countHeldTasks(tx, agent.id), agent.maxCapacity);
}

async function describeRun(
  { settings }: Pick<ServiceContext, 'settings'>,
  tx: Transaction,
  task: TaskRow,
  agent: AgentRow,
  gateway: Gateway,
  { dispatcher, leaseMs }: RunOwner,
): Promise<NewDispatchRun> {
  const route = routeModel(task, agent, settings.models);
  const number = task.runCount + 1;
  const id = newId('run');
  return {
    id,
    taskId: task.id,
    agentId: agent.id,
    number,
    leaseMs,
    model: route.model,
    modelTier: route.tier,
    modelSignals: [...route.signals],
    gateway: gateway.name,
    // The number of a run is never reused, so a key identifies exactly one call.
    idempotencyKey: `mc-${task.id}-${number}`.toLowerCase(),
    prompt: await writePrompt(tx, task, id, {
      agentId: agent.id,
      coordinatorAgent: settings.coordinatorAgent,
    }),
    dispatcher,
  };
}

async function writePrompt(
  tx: Transaction,
  task: TaskRow,
  runId: string,
  reader: NonNullable<TaskViewer>,
): Promise<string> {
  const feedback = await listFeedback(tx, task.id);
  return buildDispatchPrompt({
    ref: `TASK-${task.number}`,
    title: task.title,
    description: task.description,
    priority: task.priority,
    tags: task.tags,
    dueAt: task.dueAt,
    inputs: await listInputs(tx, task.id, reader),
    feedback,
    rejected: feedback.length > 0 ? task.resolution : null,
    unfinished: task.runCount === 0 ? null : await findUnfinished(tx, task.id),
    questions: task.runCount === 0 ? [] : await listPromptQuestions(tx, task.id),
    comments: await listPromptComments(tx, task.id),
    isReviewed: task.reviewPolicy === 'REQUIRED',
    questionCode: questionCodeOf(runId),
  });
}

async function recordRun(tx: Transaction, task: TaskRow, run: NewDispatchRun): Promise<void> {
  await moveTask(tx, task, {
    to: 'IN_PROGRESS',
    verb: 'dispatch',
    actor: SYSTEM,
    event: 'task.claimed',
    reason: 'dispatched',
    changes: { assigneeId: run.agentId, currentRunId: run.id, runCount: run.number, backoffUntil: null },
  });
  await insertDispatchRun(tx, run);
  tx.emit({ type: 'run.started', actor: SYSTEM, taskId: task.id, agentId: run.agentId, runId: run.id });
}
