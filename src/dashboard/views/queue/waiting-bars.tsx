import type { QueueHealthQuery } from '../../../generated/dashboard/queue.js';
import { basePath } from '../../frame/router.js';
import { PriorityMark } from '../../parts/marks.js';
import { PRIORITIES, sentence } from '../../parts/words.js';

/** How many tasks wait, by priority. Each bar leads to its tasks. */
export function WaitingBars({ health }: { readonly health: QueueHealthQuery }) {
  const counts = new Map(health.waiting.map(({ key, count }) => [key, count]));
  const bars = PRIORITIES.map((priority) => [priority, counts.get(priority) ?? 0] as const);
  const most = Math.max(1, ...bars.map(([, count]) => count));
  return (
    <section aria-label="Waiting by priority">
      <h2>Waiting by priority</h2>
      <ul class="waiting-bars">
        {bars.map(([priority, count]) => (
          <li key={priority}>
            <a href={`${basePath}/board?view=list&status=INBOX,ASSIGNED&priority=${priority}`}>
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
