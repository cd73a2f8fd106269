import type { ComponentChildren } from 'preact';
import type { Client } from '../../../sdk/index.js';
import { act } from '../../data/act.js';
import { type AttentionItem, acknowledge, readAttention } from '../../data/attention.js';
import { isOperator } from '../../data/session.js';
import { readTasks } from '../../data/tasks.js';
import { basePath } from '../../frame/router.js';
import { moving } from '../board/board-state.js';

/** Where the item is settled. */
export function pathOf({ kind, task, agent, recurringTask }: AttentionItem): string {
  if (kind === 'REVIEW' && task) return `/reviews?task=${task.ref}`;
  if (task) return `/tasks/${task.ref}`;
  if (agent) return `/agents/${encodeURIComponent(agent.name)}`;
  if (kind === 'WEBHOOK') return '/settings/webhooks';
  return recurringTask ? '/schedules' : '/queue';
}

/** The buttons of an item, the next step first. What the key may not do is not there. */
export function NextSteps({ item }: { readonly item: AttentionItem }) {
  if (!isOperator.value) return <Open item={item} />;
  return (
    <>
      <Step item={item} />
      <button
        type="button"
        class="plain quiet"
        title="Take it off the list until it changes (a)"
        onClick={() => void acknowledge(item)}
      >
        Acknowledge
      </button>
    </>
  );
}

function Step({ item }: { readonly item: AttentionItem }) {
  const { kind, task, agent, recurringTask, webhook } = item;
  // The form for the answer is the step.
  if (kind === 'QUESTION') return null;
  if (kind === 'TASK_FAILED' && task)
    return <Act does="Retry" send={(client) => client.retryTask({ task: { id: task.id } })} />;
  if (kind === 'TASK_STUCK' && task)
    return (
      <>
        <button type="button" onClick={() => void move(task.id, 'ASSIGNED')}>
          Assign
        </button>
        <button type="button" onClick={() => void move(task.id, 'CANCELLED')}>
          Cancel
        </button>
      </>
    );
  if (kind === 'AGENT_SILENT' && agent)
    return (
      <>
        <Act
          does="Release its work"
          why="Its tasks can be taken by others at once"
          send={(client) => client.disconnectAgent({ agent: { id: agent.id } })}
        />
        <a class="button" href={`${basePath}/board?agent=${encodeURIComponent(agent.name)}`}>
          Its tasks
        </a>
      </>
    );
  if (kind === 'SCHEDULE' && recurringTask)
    return (
      <Act
        does="Fire now"
        send={(client) => client.fireRecurringTask({ id: recurringTask.id })}
        done={`${recurringTask.name} was fired`}
      />
    );
  if (kind === 'WEBHOOK' && webhook?.paused)
    return <Act does="Resume" send={(client) => client.resumeWebhook({ id: webhook.id })} />;
  return <Open item={item} />;
}

function Open({ item }: { readonly item: AttentionItem }): ComponentChildren {
  return (
    <a class="button" href={basePath + pathOf(item)}>
      Open
    </a>
  );
}

interface ActProps {
  readonly does: string;
  readonly why?: string;
  readonly done?: string;
  readonly send: (client: Client) => Promise<unknown>;
}

/** A button that changes something and reads the list again. */
function Act({ does, why, done, send }: ActProps) {
  const run = async () => {
    if (await act(send, done)) await readAttention();
  };
  return (
    <button type="button" title={why} onClick={() => void run()}>
      {does}
    </button>
  );
}

/** Opens the question of the move, which needs the task as the store holds it. */
async function move(id: string, to: 'ASSIGNED' | 'CANCELLED'): Promise<void> {
  if (await act(() => readTasks([id]))) moving.value = { id, to };
}
