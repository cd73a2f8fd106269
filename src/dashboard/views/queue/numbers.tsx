import type { ComponentChildren } from 'preact';
import type { QueueHealthQuery } from '../../../generated/dashboard/queue.js';
import { basePath } from '../../frame/router.js';
import { Age, durationText } from '../../parts/time.js';

interface NumbersProps {
  readonly health: QueueHealthQuery;
}

/** The numbers that matter, in one row. */
export function Numbers({ health: { overview } }: NumbersProps) {
  const [day] = overview.whole;
  const count = (...statuses: string[]) =>
    overview.taskCounts.reduce((sum, one) => sum + (statuses.includes(one.status) ? one.count : 0), 0);
  const failures = overview.hour.reduce((sum, { failed }) => sum + failed, 0);
  return (
    <dl class="numbers">
      <Figure name="Waiting" href="/board">
        {count('INBOX', 'ASSIGNED').toLocaleString('en')}
      </Figure>
      <Figure name="Oldest waits">
        {overview.oldestWaitingSince ? <Age since={overview.oldestWaitingSince} /> : '–'}
      </Figure>
      <Figure name="In progress" href="/board">
        {count('IN_PROGRESS').toLocaleString('en')}
      </Figure>
      <Figure name="Capacity used">
        {overview.capacityInUse}/{overview.capacityTotal}
      </Figure>
      <Figure name="In review" href="/reviews">
        {count('REVIEW').toLocaleString('en')}
      </Figure>
      <Figure name="Oldest in review">
        {overview.oldestInReviewSince ? <Age since={overview.oldestInReviewSince} /> : '–'}
      </Figure>
      <Figure name="Failed, last hour" tone={failures > 0 ? 'bad' : undefined}>
        {failures}
      </Figure>
      <Figure name="Wait p50 / p95">{spreadText(day?.waits)}</Figure>
      <Figure name="Run p50 / p95">{spreadText(day?.runs)}</Figure>
    </dl>
  );
}

interface FigureProps {
  readonly name: string;
  readonly href?: string;
  readonly tone?: string | undefined;
  readonly children: ComponentChildren;
}

function Figure({ name, href, tone, children }: FigureProps) {
  return (
    <div>
      <dt class="quiet small">{name}</dt>
      <dd class={tone}>{href === undefined ? children : <a href={basePath + href}>{children}</a>}</dd>
    </div>
  );
}

type Spread = QueueHealthQuery['overview']['whole'][number]['waits'];

/** Of the last 24 hours. */
function spreadText(spread: Spread | undefined): string {
  if (spread?.p50Ms == null || spread.p95Ms === null) return '–';
  return `${shortText(spread.p50Ms)} / ${shortText(spread.p95Ms)}`;
}

/** Agents that answer at once finish within a second. */
function shortText(ms: number): string {
  const text = ms < 1_000 ? `${(ms / 1_000).toFixed(1)} s` : durationText(ms);
  // A number is not torn from its unit at the end of a line.
  return text.replaceAll(' ', '\u00A0');
}
