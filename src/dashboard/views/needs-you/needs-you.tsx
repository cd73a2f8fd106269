import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import {
  type AttentionItem,
  acknowledge,
  attention,
  attentionCount,
  attentionProblem,
  readAttention,
} from '../../data/attention.js';
import { canNotify, isNotifying, toggleNotifications } from '../../data/notifications.js';
import { countIn } from '../../data/overview.js';
import { openQuestions } from '../../data/questions.js';
import { isOperator } from '../../data/session.js';
import { useKeys } from '../../frame/keyboard.js';
import { Page } from '../../frame/page.js';
import { basePath, navigate } from '../../frame/router.js';
import { OpenQuestions } from '../../parts/open-questions.js';
import { Empty, Loading, Problem } from '../../parts/states.js';
import { countOf } from '../../parts/words.js';
import { MoveDialog } from '../board/move-dialog.js';
import { ItemRow } from './item-row.js';
import { pathOf } from './next-steps.js';
import './needs-you.css';

/** The start page: what needs a person, why, since when, and the next step. */
export default function NeedsYou() {
  const items = attention.value ?? [];
  const of = (severity: AttentionItem['severity']) => items.filter((item) => item.severity === severity);
  const [critical, warning, notice] = [of('CRITICAL'), of('WARNING'), of('NOTICE')];
  const questions = openQuestions.value;
  const selected = useSelection(
    [...critical, ...questions, ...warning, ...notice].map(({ id }) => id),
    items,
  );
  const isKnown = attention.value !== null;
  return (
    <Page title="Needs you" tools={<Tools />}>
      {attentionProblem.value !== '' && (
        <Problem text={attentionProblem.value} onRetry={() => void readAttention()} />
      )}
      {!isKnown && attentionProblem.value === '' && <Loading />}
      <Group title="Work stands still" items={critical} selected={selected} />
      <OpenQuestions selected={selected} />
      <Group title="Waits for a person" items={warning} selected={selected} />
      <Group title="Worth knowing" items={notice} selected={selected} />
      {isKnown && items.length === 0 && questions.length === 0 && <NothingNeeded />}
      <MoveDialog />
    </Page>
  );
}

/** The keys of the list. Returns the id of the row that they are on. */
function useSelection(ids: readonly string[], items: readonly AttentionItem[]): string | undefined {
  const at = useSignal(0);
  const index = Math.min(at.value, Math.max(0, ids.length - 1));
  const id = ids[index];
  const item = items.find((one) => one.id === id);
  const step = (by: number) => () => {
    at.value = Math.max(0, Math.min(ids.length - 1, index + by));
  };
  const open = () => {
    if (item) navigate(pathOf(item));
    else rowOf(id)?.querySelector<HTMLElement>('textarea, button')?.focus();
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

interface GroupProps {
  readonly title: string;
  readonly items: readonly AttentionItem[];
  readonly selected: string | undefined;
}

function Group({ title, items, selected }: GroupProps) {
  if (items.length === 0) return null;
  return (
    <section class="needs" aria-label={title}>
      <h2 class="quiet small">
        {title} <span class="needs-count">{items.length}</span>
      </h2>
      <ul>
        {items.map((item) => (
          <ItemRow key={item.id} item={item} isSelected={item.id === selected} />
        ))}
      </ul>
    </section>
  );
}
