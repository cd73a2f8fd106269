import { TaskViewDocument, type TaskViewQuery } from '../../../generated/dashboard/task.js';
import { putTasks } from '../../data/tasks.js';
import { useQuery } from '../../data/use-query.js';

/** A task with everything that its page shows. */
export type TaskDetail = NonNullable<TaskViewQuery['task']>;

/** The task with this ref, and again after each event that concerns it. Null if there is none that the key may see. */
export function useTask(ref: string) {
  return useQuery<TaskDetail | null>({
    key: ref,
    ask: async (client, signal) => {
      const { task } = await client.request(TaskViewDocument, { ref: { ref } }, { signal });
      if (task) putTasks([task]);
      return task;
    },
    changesWith: (event) => (event as { readonly task?: { readonly ref: string } | null }).task?.ref === ref,
  });
}

/** The task as Markdown, for a message or a report. */
export function toMarkdown(task: TaskDetail): string {
  const verdicts = task.reviews.nodes.map(
    ({ round, verdict, feedback }) =>
      `- Round ${round}: ${verdict.toLowerCase()}${feedback ? `: ${feedback}` : ''}`,
  );
  return [
    `# ${task.ref} ${task.title}`,
    task.description,
    task.resolution && `## Result\n\n${task.resolution}`,
    verdicts.length > 0 && `## Verdicts\n\n${verdicts.join('\n')}`,
  ]
    .filter(Boolean)
    .join('\n\n');
}
