import type { AnswerInput, Client, TaskFieldsFragment } from '../../sdk/index.js';
import type { Look } from '../../verbs/looks/look.js';
import { taskView } from '../../verbs/looks/task-look.js';
import { toFailure } from '../failures.js';
import { viewLines } from '../output/terminal.js';
import { selectedTask, type TopState, taskOf } from './state.js';

/** What a key does to the selected task. Answers with what changes on the screen. */
export type Action = (state: TopState) => Promise<Partial<TopState>>;

/** The actions of the screen. A refusal becomes a message, because the screen goes on. */
export function createActions(client: Client, look: () => Look) {
  const onTask =
    (work: (task: TaskFieldsFragment) => Promise<Partial<TopState>>, pick = taskOf): Action =>
    async (state) => {
      const task = pick(state);
      if (task === undefined) return { message: 'No task is selected.' };
      return work(task).catch((error: unknown) => ({ message: toFailure(error).message }));
    };
  return {
    open: onTask(async (task) => {
      const found = await client.task({ ref: { id: task.id } });
      if (found === null) return { message: 'The task is gone.' };
      const shown = viewLines(taskView(found, look(), true), undefined);
      return { mode: { kind: 'task', task, lines: shown.flatMap((line) => line.split('\n')) } };
    }, selectedTask),
    approve: onTask(async ({ id, ref }) => {
      await client.submitVerdict({ task: { id }, verdict: 'APPROVED' });
      return { message: `✓ ${ref} approved` };
    }),
    reject: (task: TaskFieldsFragment, feedback: string) =>
      onTask(
        async ({ id, ref }) => {
          await client.submitVerdict({ task: { id }, verdict: 'REJECTED', feedback });
          return { message: `✓ ${ref} rejected` };
        },
        () => task,
      ),
    ask: onTask(async (task) => {
      const { id, ref } = task;
      const { nodes } = await client.questions({ first: 1, filter: { task: { id }, status: ['OPEN'] } });
      const [question] = nodes;
      if (question === undefined) return { message: `${ref} has no open question.` };
      return { mode: { kind: 'typing', purpose: 'answer', text: '', question, task } };
    }),
    answer: (task: TaskFieldsFragment, id: string, answer: AnswerInput) =>
      onTask(
        async ({ ref }) => {
          await client.answerQuestion({ id, answer });
          return { message: `✓ ${ref} answered` };
        },
        () => task,
      ),
    pause: onTask(async ({ assignee, ref }) => {
      if (assignee === null) return { message: `${ref} has no agent.` };
      const { id } = assignee;
      const agent = await client.agent({ ref: { id } });
      const isPaused = agent?.status === 'PAUSED';
      await (isPaused ? client.resumeAgent({ agent: { id } }) : client.pauseAgent({ agent: { id } }));
      return { message: `✓ ${assignee.name} ${isPaused ? 'resumed' : 'paused'}` };
    }),
  };
}
