import type { Viewer } from '../domain/actor.js';
import { LIMITS } from '../domain/limits.js';
import { Refusal } from '../domain/refusals.js';
import { findTextMistake } from '../domain/stored-text.js';
import { isId } from '../kernel/ids.js';
import type { Executor } from '../postgres/statement.js';
import type { Transaction } from '../postgres/transaction.js';
import { type AgentKey, type AgentRow, findAgent } from '../store/agents/agents.js';
import { lockTask, type TaskKey, type TaskRow } from '../store/tasks/tasks.js';

/** A task by id or by ref. `@oneOf` guarantees that exactly one field is set. */
export interface TaskRef {
  readonly id?: string | null | undefined;
  readonly ref?: string | null | undefined;
}

export interface AgentRef {
  readonly id?: string | null | undefined;
  readonly name?: string | null | undefined;
}

/**
 * The id or name for a lookup. Text that PostgreSQL cannot store would fail the statement, and text that is longer than any
 * name need not be sent to it. Both are replaced with the empty text, which matches no row either.
 */
export function toLookup(idOrName: string): string {
  return idOrName.length <= LIMITS.idLength && findTextMistake(idOrName) === null ? idOrName : '';
}

/** Parses a task reference; null if no task can have it. */
export function toTaskKey(ref: TaskRef): TaskKey | null {
  if (typeof ref.id === 'string') return { id: toLookup(ref.id) };
  const digits = /^TASK-([1-9]\d{0,17})$/i.exec(ref.ref ?? '')?.[1];
  return digits === undefined ? null : { number: BigInt(digits) };
}

/** Parses an agent reference. */
export function toAgentKey(ref: AgentRef): AgentKey {
  return typeof ref.id === 'string' ? { id: toLookup(ref.id) } : { name: toLookup(ref.name ?? '') };
}

/** The reference as text for a message. */
export function nameOf(ref: TaskRef | AgentRef): string {
  return toShown(ref.id ?? ('ref' in ref ? ref.ref : 'name' in ref ? ref.name : null) ?? '');
}

/** An id or name from a caller as text for a message: at most 80 characters, quoted if it is blank. */
export function toShown(idOrName: string): string {
  return idOrName.trim() === '' ? JSON.stringify(idOrName.slice(0, 80)) : idOrName.slice(0, 80);
}

/** How a ref is written that has an id and a ref mixed up, as a sentence to the caller; null if it has not. */
export function findTaskRefMistake({ id, ref }: TaskRef): string | null {
  if (typeof id === 'string' && toTaskKey({ ref: id }) !== null)
    return `${id} is a ref and not an id: write {ref: "${id}"}.`;
  if (typeof ref !== 'string' || !isId('task', ref)) return null;
  return `${ref} is an id and not a ref: write {id: "${ref}"}.`;
}

/** The same for the ref of an agent. Any text can be a name. */
export function findAgentRefMistake({ id }: AgentRef): string | null {
  if (typeof id !== 'string' || id.startsWith('agt_')) return null;
  return `${toShown(id)} is not an id: write {name: …} for a name, or {id: "agt_…"}.`;
}

/** What to tell a caller whose ref names no agent. */
export function explainNoAgent(ref: AgentRef): string {
  const isAnId = typeof ref.name === 'string' && isId('agt', ref.name);
  const hint = isAnId ? `an id is written {id: "${ref.name}"}.` : findAgentRefMistake(ref);
  return `There is no agent ${nameOf(ref)}: ${hint ?? 'register it first with registerAgent.'}`;
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

/** The refusal for a task that does not exist, or that the viewer may not see. */
export function noSuchTask(ref: TaskRef, path: readonly string[] = ['task']): Refusal {
  const hint = findTaskRefMistake(ref) ?? (toTaskKey(ref) === null ? 'A ref looks like TASK-42.' : '');
  return new Refusal('NOT_FOUND', `There is no task ${nameOf(ref)}. ${hint}`.trimEnd(), path);
}

/** Finds the agent of a reference. @throws {Refusal} UNKNOWN_AGENT. */
export async function getAgentByRef(
  executor: Executor,
  ref: AgentRef,
  path: readonly string[],
): Promise<AgentRow> {
  const agent = await findAgent(executor, toAgentKey(ref));
  if (agent === null) {
    throw new Refusal('UNKNOWN_AGENT', explainNoAgent(ref), path);
  }
  return agent;
}

/**
 * The agent on whose behalf the viewer acts: the agent that its key is bound to, otherwise the given one.
 * @throws {Refusal} FORBIDDEN for an AGENT key that names another agent, INVALID if no agent is given, UNKNOWN_AGENT.
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
      `This key is bound to the agent ${own.name} and cannot act for another one: leave agent out.`,
      path,
    );
  }
  if (ref === null || ref === undefined) {
    throw new Refusal('INVALID', 'Name the agent: this key is not bound to one.', path);
  }
  return getAgentByRef(executor, ref, path);
}
