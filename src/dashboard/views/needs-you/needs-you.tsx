import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import {
  type AttentionItem,
  acknowledge,
  attention,
  attentionCount,
  attentionProblem,
  readAttention,
  readMoreAttention,
} from '../../data/attention.js';
import { canNotify, isNotifying, toggleNotifications } from '../../data/notifications.js';
import { countIn } from '../../data/overview.js';
import { isAnswered } from '../../data/questions.js';
import { isOperator } from '../../data/session.js';
import { useKeys } from '../../frame/keyboard.js';
import { Page } from '../../frame/page.js';
import { basePath, navigate } from '../../frame/router.js';
import { Empty, Loading, Problem } from '../../parts/states.js';
import { countOf } from '../../parts/words.js';
import { MoveDialog } from '../board/move-dialog.js';
import { ItemRow } from './item-row.js';
import { pathOf } from './next-steps.js';
import './needs-you.css';

/** The start page: what needs a person, why, since when, and the next step. */
export default function NeedsYou() {
  const items = (attention.value ?? []).filter(({ question }) => !question || !isAnswered(question.id));
  const selected = useSelection(items);
  const isKnown = attention.value !== null;
  return (
    <Page title="Needs you" tools={<Tools />}>
      {attentionProblem.value !== '' && (
        <Problem text={attentionProblem.value} onRetry={() => void readAttention()} />
      )}
      {!isKnown && attentionProblem.value === '' && <Loading />}
      <Group title="Work stands still" severity="CRITICAL" items={items} selected={selected} />
      <Group title="Waits for a person" severity="WARNING" items={items} selected={selected} />
      <Group title="Worth knowing" severity="NOTICE" items={items} selected={selected} />
      {isKnown && items.length === 0 && <NothingNeeded />}
      <Rest count={attentionCount.value - (attention.value ?? []).length} isShown={items.length > 0} />
      <MoveDialog />
    </Page>
  );
}

/** The keys of the list. Returns the id of the row that they are on. */
function useSelection(items: readonly AttentionItem[]): string | undefined {
  const at = useSignal(0);
  const index = Math.min(at.value, Math.max(0, items.length - 1));
  const item = items[index];
  const id = item?.id;
  const step = (by: number) => () => {
    at.value = Math.max(0, Math.min(items.length - 1, index + by));
  };
  const open = () => {
    const answer = rowOf(id)?.querySelector<HTMLElement>('.needs-answer :is(textarea, button)');
    if (answer) answer.focus();
    else if (item) navigate(pathOf(item));
  };
  useKeys([
    { keys: 'j', does: 'Next', run: step(1) },
    { keys: 'k', does: 'Previous', run: step(-1) },
    { keys: 'Enter', does: 'Open, or answer the question', run: open },
    { keys: 'o', does: 'Open, or answer the question', run: open },
    { keys: 's', does: 'Show the work that waits for a verdict', run: () => showWork(id) },
    ...(isOperator.value
      ? [{ keys: 'a', does: 'Acknowledge', run: () => item && void acknowledge(item) }]
      : []),
  ]);
  useEffect(() => rowOf(id)?.scrollIntoView({ block: 'nearest' }), [id]);
  return id;
}

function rowOf(id: string | undefined): Element | null {
  return id === undefined ? null : document.querySelector(`[data-id="${CSS.escape(id)}"]`);
}

function showWork(id: string | undefined): void {
  rowOf(id)?.querySelector<HTMLElement>('.needs-show')?.click();
}

function Tools() {
  return (
    <>
      {attentionCount.value > 0 && <span class="quiet">{countOf(attentionCount.value, 'thing')}</span>}
      {canNotify && (
        <button
          type="button"
          class="plain quiet needs-notify"
          aria-pressed={isNotifying.value}
          title="The browser tells you when something new needs you while this page is hidden"
          onClick={() => void toggleNotifications()}
        >
          Notifications: {isNotifying.value ? 'on' : 'off'}
        </button>
      )}
    </>
  );
}

function NothingNeeded() {
  const working = countIn('IN_PROGRESS');
  return (
    <Empty title="Nothing needs you.">
      <p>
        Failed tasks, questions, reviews without a reviewer, tasks that no agent can take and silent agents
        appear here.
      </p>
      {working !== null && (
        <p>
          <a href={`${basePath}/board`}>{countOf(working, 'task')} in progress</a>
        </p>
      )}
    </Empty>
  );
}

/** What the list leaves out. The oldest of each severity are read first. */
function Rest({ count, isShown }: { readonly count: number; readonly isShown: boolean }) {
  if (count <= 0 || !isShown) return null;
  return (
    <p class="quiet">
      {countOf(count, 'newer thing')} not shown.{' '}
      <button type="button" onClick={() => void readMoreAttention()}>
        Show more
      </button>
    </p>
  );
}

interface GroupProps {
  readonly title: string;
  readonly severity: AttentionItem['severity'];
  /** The items of all groups. */
  readonly items: readonly AttentionItem[];
  readonly selected: string | undefined;
}

function Group({ title, severity, items, selected }: GroupProps) {
  const own = items.filter((item) => item.severity === severity);
  if (own.length === 0) return null;
  return (
    <section class="needs" aria-label={title}>
      <h2 class="quiet small">
        {title} <span class="needs-count">{own.length}</span>
      </h2>
      <ul>
        {own.map((item) => (
          <ItemRow key={item.id} item={item} isSelected={item.id === selected} />
        ))}
      </ul>
    </section>
  );
}
