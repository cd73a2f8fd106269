import type { AgentStatus, TaskPriority, TaskStatus } from '../../sdk/index.js';
import './parts.css';
import { basePath } from '../frame/router.js';
import { copyText } from './copy.js';
import { agentLook, lookOf, priorityMarks, type StatusLook, sentence } from './words.js';

function Look({ look }: { readonly look: StatusLook }) {
  return (
    <span class="status" data-tone={look.tone} data-pulse={look.pulses === true ? '' : undefined}>
      <i aria-hidden="true">{look.shape}</i>
      {look.word}
    </span>
  );
}

/** The status of a task. */
export function StatusMark({ status }: { readonly status: TaskStatus }) {
  return <Look look={lookOf(status)} />;
}

/** The status of an agent. */
export function AgentStatusMark({ status }: { readonly status: AgentStatus }) {
  return <Look look={agentLook(status)} />;
}

/** The mark of a priority. Medium has none. */
export function PriorityMark({ priority }: { readonly priority: TaskPriority }) {
  const mark = priorityMarks[priority];
  if (mark === '') return null;
  return (
    <span class="priority" data-priority={priority} title={`Priority: ${sentence(priority).toLowerCase()}`}>
      <span aria-hidden="true">{mark}</span>
      <span class="visually-hidden">{sentence(priority)} priority</span>
    </span>
  );
}

/** An id that is copied by a click. */
export function CopiedId({ id }: { readonly id: string }) {
  return (
    <button type="button" class="plain ref" title={`Copy ${id}`} onClick={() => void copyText(id)}>
      {id}
    </button>
  );
}

/** A link to the page of a task. */
export function TaskLink({ task }: { readonly task: { readonly ref: string; readonly title: string } }) {
  return (
    <a class="text" href={`${basePath}/tasks/${task.ref}`}>
      {task.title}
    </a>
  );
}

/** A link to the page of an agent. */
export function AgentLink({ name }: { readonly name: string }) {
  return (
    <a class="text" href={`${basePath}/agents/${encodeURIComponent(name)}`}>
      {name}
    </a>
  );
}
