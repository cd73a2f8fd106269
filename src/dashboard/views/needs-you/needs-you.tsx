import { useSignal } from '@preact/signals';
import {
  type AttentionItem,
  acknowledge,
  attention,
  attentionCount,
  attentionProblem,
  readAttention,
} from '../../data/attention.js';
import { countIn } from '../../data/overview.js';
import { openQuestions } from '../../data/questions.js';
import { isOperator, session } from '../../data/session.js';
import { change } from '../../data/tasks.js';
import { useKeys } from '../../frame/keyboard.js';
import { Page } from '../../frame/page.js';
import { basePath, navigate } from '../../frame/router.js';
import { OpenQuestions } from '../../parts/open-questions.js';
import { Empty, Loading, Problem } from '../../parts/states.js';
import { Age } from '../../parts/time.js';
import { countOf, sentence } from '../../parts/words.js';
import './needs-you.css';

const groups: readonly { readonly severity: AttentionItem['severity']; readonly title: string }[] = [
  { severity: 'CRITICAL', title: 'Work stands still' },
  { severity: 'WARNING', title: 'Waits for a person' },
  { severity: 'NOTICE', title: 'Worth knowing' },
];

const kinds: Readonly<Record<string, string>> = {
  TASK_FAILED: 'Failed',
  REVIEW: 'Review',
  TASK_STUCK: 'Stuck',
  AGENT_SILENT: 'Silent agent',
  GATEWAY: 'Gateway',
  SCHEDULE: 'Schedule',
  QUESTION: 'Question',
  WEBHOOK: 'Webhook',
};

/** The start page: what needs a person, why, since when, and the next step. */
export default function NeedsYou() {
  const selected = useSignal(0);
  const items = attention.value ?? [];
  const at = Math.min(selected.value, Math.max(0, items.length - 1));
  const open = () => {
    const item = items[at];
    if (item) navigate(pathOf(item));
  };
  useKeys([
    { keys: 'j', does: 'Next', run: () => (selected.value = Math.min(items.length - 1, at + 1)) },
    { keys: 'k', does: 'Previous', run: () => (selected.value = Math.max(0, at - 1)) },
    { keys: 'Enter', does: 'Open', run: open },
    { keys: 'o', does: 'Open', run: open },
    ...(isOperator.value
      ? [{ keys: 'a', does: 'Acknowledge', run: () => items[at] && void acknowledge(items[at]) }]
      : []),
  ]);
  return (
    <Page
      title="Needs you"
      tools={attentionCount.value > 0 && <span class="quiet">{countOf(attentionCount.value, 'thing')}</span>}
    >
      {attentionProblem.value !== '' && (
        <Problem text={attentionProblem.value} onRetry={() => void readAttention()} />
      )}
      {attention.value === null && attentionProblem.value === '' && <Waiting />}
      <OpenQuestions />
      {attention.value?.length === 0 && openQuestions.value.length === 0 && <NothingNeeded />}
      {groups.map(({ severity, title }) => (
        <Group
          key={severity}
          title={title}
          items={items.filter((item) => item.severity === severity)}
          selected={items[at]}
        />
      ))}
    </Page>
  );
}

function Waiting() {
  if (session.value?.role !== 'AGENT') return <Loading />;
  return (
    <Empty title="This key belongs to an agent">
      <p>
        It sees its own work: open the <a href={`${basePath}/board`}>board</a>.
      </p>
    </Empty>
  );
}

function NothingNeeded() {
  const working = countIn('IN_PROGRESS');
  return (
    <Empty title="Nothing needs you.">
      <p>
        {working === null
          ? 'Failed tasks, reviews without a reviewer, tasks that no agent can take and silent agents appear here.'
          : `${countOf(working, 'task')} in progress.`}
      </p>
    </Empty>
  );
}

interface GroupProps {
  readonly title: string;
  readonly items: readonly AttentionItem[];
  readonly selected: AttentionItem | undefined;
}

function Group({ title, items, selected }: GroupProps) {
  if (items.length === 0) return null;
  return (
    <section class="needs" aria-label={title}>
      <h2 class="quiet small">{title}</h2>
      <ul>
        {items.map((item) => (
          <li key={item.id} data-selected={item === selected ? '' : undefined}>
            <span class="needs-kind" data-severity={item.severity}>
              {kinds[item.kind] ?? sentence(item.kind)}
            </span>
            <a class="needs-text" href={basePath + pathOf(item)}>
              <span class="text">{item.text}</span>
            </a>
            <span class="quiet needs-age">
              <Age since={item.since} />
            </span>
            <NextStep item={item} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Where the item is settled. */
function pathOf({ kind, task, agent, recurringTask }: AttentionItem): string {
  if (kind === 'REVIEW' && task) return `/reviews?task=${task.ref}`;
  if (task) return `/tasks/${task.ref}`;
  if (agent) return `/agents/${encodeURIComponent(agent.name)}`;
  return recurringTask ? '/schedules' : '/queue';
}

/** The button with the next step. Who may not take it sees none. */
function NextStep({ item }: { readonly item: AttentionItem }) {
  const { task, kind } = item;
  const retry = async () => {
    if (!task) return;
    await change(task.id, {}, (client) => client.retryTask({ task: { id: task.id } }));
    await readAttention();
  };
  return (
    <span class="needs-buttons">
      {kind === 'TASK_FAILED' && isOperator.value ? (
        <button type="button" onClick={() => void retry()}>
          Retry
        </button>
      ) : (
        <a class="button" href={basePath + pathOf(item)}>
          {kind === 'REVIEW' ? 'Review' : 'Open'}
        </a>
      )}
      {isOperator.value && (
        <button
          type="button"
          class="plain quiet"
          title="Take it off the list until it changes (a)"
          onClick={() => void acknowledge(item)}
        >
          Acknowledge
        </button>
      )}
    </span>
  );
}
