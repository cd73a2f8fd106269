import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import type { CallOptions, Client, QuestionFieldsFragment, TaskQuery } from '../../sdk/index.js';
import { isIdOf } from '../../verbs/refs.js';
import { type Form, formOf } from '../forms.js';
import { briefTask } from '../output.js';

type FoundTask = NonNullable<TaskQuery['task']>;

/** A delegated task as tasks of the protocol show it. The state is the one of the API, so every process answers the same. */
export interface Delegated {
  readonly id: string;
  readonly ref: string;
  readonly state: 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled';
  readonly message: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** What the worker waits for. Each question has a form. */
  readonly questions: readonly OpenQuestion[];
  /** What the call answers; null while the task goes on. */
  readonly result: CallResult | null;
}

/** A question that the task waits for. */
export interface OpenQuestion {
  readonly id: string;
  readonly form: Form;
}

/** The result of the call that has created the task. */
export interface CallResult extends Record<string, unknown> {
  readonly content: readonly { readonly type: 'text'; readonly text: string }[];
  readonly structuredContent?: Record<string, unknown>;
  readonly isError?: boolean;
}

/**
 * Reads a task by its id, which is the one of the protocol's task.
 *
 * @throws ProtocolError for a task that does not exist, or that the key may not see.
 */
export async function readDelegated(client: Client, id: string, options: CallOptions): Promise<Delegated> {
  const task = isIdOf('task', id) ? await client.task({ ref: { id } }, options) : null;
  if (task === null) throw noSuchTask(id);
  const state = STATES[task.status] ?? 'working';
  const { ref, createdAt, updatedAt } = task;
  const open = task.questions.nodes.filter(({ status }) => status === 'OPEN');
  return {
    ...{ id, ref, state, createdAt, updatedAt },
    message: describe(task, open[0]),
    questions: state === 'input_required' ? open.map((question) => toOpenQuestion(task, question)) : [],
    result: resultOf(task),
  };
}

function noSuchTask(id: string): ProtocolError {
  const message = `There is no task "${id}", or the key may not see it.`;
  return new ProtocolError(ProtocolErrorCode.InvalidParams, message);
}

const STATES: Readonly<Partial<Record<FoundTask['status'], Delegated['state']>>> = {
  INPUT_REQUIRED: 'input_required',
  DONE: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
};

function describe(task: FoundTask, question: QuestionFieldsFragment | undefined): string {
  const { ref, status, assignee, currentRun, failureReason, failureDetail } = task;
  const agent = assignee?.name ?? 'an agent';
  const progress = currentRun?.progress ? `: ${currentRun.progress}` : '.';
  if (status === 'INPUT_REQUIRED') return `${agent} asks: ${question?.text ?? 'a question'}`;
  if (status === 'IN_PROGRESS') return `${agent} works on ${ref}${progress}`;
  if (status === 'REVIEW') return `The result of ${ref} is in review.`;
  if (status === 'DONE') return `${ref} is done.`;
  if (status === 'CANCELLED') return `${ref} was cancelled.`;
  if (status === 'FAILED')
    return `${ref} has failed: ${failureDetail ?? failureReason ?? 'without a reason'}`;
  return `${ref} waits for ${agent}.`;
}

function toOpenQuestion({ ref, title }: FoundTask, question: QuestionFieldsFragment): OpenQuestion {
  const { id, text, askedBy } = question;
  return { id, form: formOf(`${ref} ${title}: ${askedBy.displayName} asks:\n\n${text}`, question) };
}

function resultOf(task: FoundTask): CallResult | null {
  if (task.status === 'DONE') {
    const output = { task: { ...briefTask(task), resolution: task.resolution } };
    return { content: [{ type: 'text', text: JSON.stringify(output) }], structuredContent: output };
  }
  if (task.status !== 'FAILED' && task.status !== 'CANCELLED') return null;
  const next = 'Read it with get_task before you delegate it again.';
  return { content: [{ type: 'text', text: `${describe(task, undefined)} ${next}` }], isError: true };
}
