import { describe, expect, it, vi } from 'vitest';
import { AlreadyAnsweredError, InvalidInputError, RunSuspendedError } from '../../src/sdk/index.js';
import {
  anAgent,
  assign,
  fixture,
  runsOf,
  start,
  untilTask,
  useWorkerServer,
} from '../support/servers/workers.js';

useWorkerServer();

/** The open question about a task, once it is there. */
async function openQuestion(taskId: string) {
  return vi.waitFor(async () => {
    const { nodes } = await fixture.admin.questions({ filter: { task: { id: taskId }, status: ['OPEN'] } });
    expect(nodes).toHaveLength(1);
    return nodes[0]!;
  }, 10_000);
}

describe('a worker that asks', () => {
  it('works on something else meanwhile, and goes on with the answer in another run', async () => {
    const { name, client } = await anAgent();
    const [asking, other] = await assign(name, 'asking', 'other');
    const thrown: unknown[] = [];
    const { errors } = start(client, {
      handle: async ({ title }, run) => {
        if (title === 'other') return 'done';
        const answer = await run.ask('Which database?').catch((error: unknown) => {
          thrown.push(error);
          throw error;
        });
        return `${answer?.text} after ${run.questions.length} question in run ${run.number}`;
      },
    });
    const { id } = await openQuestion(asking!.id);
    await untilTask(other!.id, 'DONE');
    await fixture.admin.answerQuestion({ id, answer: { text: 'PostgreSQL' } });
    const done = await untilTask(asking!.id, 'DONE');
    expect(done.resolution).toBe('PostgreSQL after 1 question in run 2');
    expect(await runsOf(asking!.id)).toEqual([
      { outcome: 'SUSPENDED', error: null },
      { outcome: 'SUCCEEDED', error: null },
    ]);
    expect(thrown).toEqual([expect.any(RunSuspendedError)]);
    expect(errors).toEqual([]);
    const late = fixture.admin.answerQuestion({ id, answer: { text: 'MySQL' } });
    const refusal: unknown = await late.catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(AlreadyAnsweredError);
    expect(refusal).toMatchObject({ question: { answer: { text: 'PostgreSQL' } } });
  });

  it('gets null for a question that was withdrawn, and what people have commented', async () => {
    const { name, client } = await anAgent();
    const [task] = await assign(name, 'asking');
    start(client, {
      handle: async (_task, run) => {
        const answer = await run.ask({ text: 'May I?', kind: 'CONFIRM' });
        return `${answer} ${run.comments.map(({ body }) => body)}`;
      },
    });
    const { id } = await openQuestion(task!.id);
    await fixture.admin.addComment({ task: { id: task!.id }, body: 'Just go on' });
    await fixture.admin.withdrawQuestion({ id });
    expect((await untilTask(task!.id, 'DONE')).resolution).toBe('null Just go on');
  });

  it('goes on with a question that does not block, and gets its answer with a heartbeat', async () => {
    const { name, client } = await anAgent();
    const [task] = await assign(name, 'asking');
    start(client, {
      handle: async (_task, run) => {
        const answer = run.ask({ text: 'Which colour?', blocking: false });
        await run.progress('going on');
        return (await answer)?.text ?? '';
      },
    });
    const { id, task: asked } = await openQuestion(task!.id);
    expect(asked.status).toBe('IN_PROGRESS');
    await fixture.admin.answerQuestion({ id, answer: { text: 'green' } });
    expect((await untilTask(task!.id, 'DONE')).resolution).toBe('green');
    expect(await runsOf(task!.id)).toHaveLength(1);
  });

  it('keeps its run if the question is refused', async () => {
    const { name, client } = await anAgent();
    const [task] = await assign(name, 'asking');
    start(client, {
      handle: async (_task, run) => {
        const refused = await run.ask({ text: 'Which?', kind: 'CHOICE' }).catch((error: unknown) => error);
        return refused instanceof InvalidInputError ? refused.path.join() : 'not refused';
      },
    });
    expect((await untilTask(task!.id, 'DONE')).resolution).toBe('options');
  });
});
