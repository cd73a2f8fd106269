import { Markdown } from '../../parts/markdown.js';
import { AgentLink, PriorityMark } from '../../parts/marks.js';
import { Ago } from '../../parts/time.js';
import { waitText } from '../../parts/words.js';
import type { TaskDetail } from '../task/task-data.js';

/** What was asked, with what earlier rounds found. */
export function Asked({ task }: { readonly task: TaskDetail }) {
  return (
    <section class="pane" aria-label="Asked">
      <h2>
        Asked <PriorityMark priority={task.priority} />
      </h2>
      <p class="quiet small">
        Work of {task.assignee ? <AgentLink name={task.assignee.name} /> : 'an agent'}, delivered{' '}
        <Ago at={task.statusAt} />: {task.waitingOn.map(waitText).join(', ')}.
      </p>
      <Markdown text={task.description ?? task.title} />
      {task.reviews.nodes.map((review) => (
        <div key={review.id} class="verdict" data-verdict={review.verdict}>
          <p class="small quiet">
            Round {review.round}, {review.verdict.toLowerCase()} by{' '}
            <span class="text">{review.reviewer.displayName}</span> <Ago at={review.createdAt} />
          </p>
          {review.feedback && <Markdown text={review.feedback} />}
        </div>
      ))}
    </section>
  );
}
