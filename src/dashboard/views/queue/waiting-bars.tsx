import type { QueueHealthQuery } from '../../../generated/dashboard/queue.js';
import { basePath } from '../../frame/router.js';
import { PriorityMark } from '../../parts/marks.js';
import { sentence } from '../../parts/words.js';

/** How many tasks wait, by priority. Each bar leads to its tasks. */
export function WaitingBars({ health }: { readonly health: QueueHealthQuery }) {
  const bars = [
    ['CRITICAL', health.critical.totalCount],
    ['HIGH', health.high.totalCount],
    ['MEDIUM', health.medium.totalCount],
    ['LOW', health.low.totalCount],
  ] as const;
  const most = Math.max(1, ...bars.map(([, count]) => count));
  return (
    <section aria-label="Waiting by priority">
      <h2>Waiting by priority</h2>
      <ul class="waiting-bars">
        {bars.map(([priority, count]) => (
          <li key={priority}>
            <a href={`${basePath}/board?priority=${priority}`}>
              {sentence(priority)} <PriorityMark priority={priority} />
            </a>
            <span class="waiting-space" aria-hidden="true">
              <i data-priority={priority} style={{ width: `${(count / most) * 100}%` }} />
            </span>
            <span class="number">{count.toLocaleString('en')}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
