import type { Viewer } from '../domain/actor.js';
import { Refusal } from '../domain/refusals.js';
import { findTextMistake } from '../domain/stored-text.js';
import type { Executor } from '../postgres/statement.js';
import type { Transaction } from '../postgres/transaction.js';
import { type AgentKey, type AgentRow, findAgent } from '../store/agents/agents.js';
import { lockTask, type TaskKey, type TaskRow } from '../store/tasks/tasks.js';

/** `@oneOf`: exactly one of the two is given. */
export interface TaskRef {
  readonly id?: string | null | undefined;
  readonly ref?: string | null | undefined;
}

export interface AgentRef {
  readonly id?: string | null | undefined;
  readonly name?: string | null | undefined;
}

/**
 * The id or name as it can be looked up. Text that PostgreSQL can't hold names nothing and would be a fault of the query, so
 * the empty text takes its place, which names nothing either.
 */
export function toLookup(idOrName: string): string {
  return findTextMistake(idOrName) === null ? idOrName : '';
}

/** The key that a ref stands for; null if nothing can have this name. */
export function toTaskKey(ref: TaskRef): TaskKey | null {
  if (typeof ref.id === 'string') return { id: toLookup(ref.id) };
  const digits = /^TASK-([1-9]\d{0,17})$/i.exec(ref.ref ?? '')?.[1];
  return digits === undefined ? null : { number: BigInt(digits) };
}

export function toAgentKey(ref: AgentRef): AgentKey {
  return typeof ref.id === 'string' ? { id: toLookup(ref.id) } : { name: toLookup(ref.name ?? '') };
}

/** How people would write the ref, to tell them about it. */
export function nameOf(ref: TaskRef | AgentRef): string {
  return toShown(ref.id ?? ('ref' in ref ? ref.ref : 'name' in ref ? ref.name : null) ?? '');
}

/** What a caller called something by, short and never invisible. */
export function toShown(idOrName: string): string {
  return idOrName.trim() === '' ? JSON.stringify(idOrName.slice(0, 80)) : idOrName.slice(0, 80);
}

/** Locks the task for a change. @throws {Refusal} NOT_FOUND, with the path of the ref. */
export async function lockTaskByRef(
  tx: Transaction,
  ref: TaskRef,
  path: readonly string[] = ['task'],
): Promise<TaskRow> {
  const key = toTaskKey(ref);
  const task = key === null ? null : await lockTask(tx, key);
  if (task === null) throw noSuchTask(ref, path);
  return task;
}

export function noSuchTask(ref: TaskRef, path: readonly string[] = ['task']): Refusal {
  return new Refusal('NOT_FOUND', `There is no task ${nameOf(ref)}.`, path);
}

/** The agent that a ref names. @throws {Refusal} UNKNOWN_AGENT. */
export async function getAgentByRef(
  executor: Executor,
  ref: AgentRef,
  path: readonly string[],
): Promise<AgentRow> {
  const agent = await findAgent(executor, toAgentKey(ref));
  if (agent === null) {
    throw new Refusal(
      'UNKNOWN_AGENT',
      `There is no agent ${nameOf(ref)}: register it first with registerAgent.`,
      path,
    );
  }
  return agent;
}

/**
 * The agent on whose behalf the viewer acts: the one its key is bound to, else the one it names.
 * @throws {Refusal} FORBIDDEN for an AGENT key that names another agent, INVALID if nobody is named, UNKNOWN_AGENT.
 */
export async function getActingAgent(
  executor: Executor,
  viewer: Viewer,
  ref: AgentRef | null | undefined,
  path: readonly string[] = ['agent'],
): Promise<AgentRow> {
  if (viewer.agentId !== null) {
    const own = await getAgentByRef(executor, { id: viewer.agentId }, path);
    if (ref === null || ref === undefined || ref.id === own.id || ref.name === own.name) return own;
    throw new Refusal(
      'FORBIDDEN',
      `This key is bound to the agent ${own.name} and can't act for another.`,
      path,
    );
  }
  if (ref === null || ref === undefined) {
    throw new Refusal('INVALID', 'Name the agent: this key is not bound to one.', path);
  }
  return getAgentByRef(executor, ref, path);
}
