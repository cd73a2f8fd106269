import { describe, expect, it, vi } from 'vitest';
import { answerQuestion } from '../../../src/services/questions/answer-question.js';
import { askQuestion } from '../../../src/services/questions/ask-question.js';
import { addComment } from '../../../src/services/tasks/add-comment.js';
import type { Process } from '../../scheduler/job-process.js';
import { aPushAgent, aTaskOf, runsOf, waitForStatus } from '../../support/factories/dispatch.js';
import type { TestServices } from '../../support/factories/services.js';
import { useDispatch } from '../../support/factories/use-dispatch.js';
import { answered, type ScriptedGateway } from '../../support/gateways/scripted-gateway.js';

let gateway: ScriptedGateway;
let here: Process;
let services: TestServices;

const { received } = useDispatch((test) => {
  ({ gateway, here, services } = test);
});

/** The form that the prompt explains, filled in with its code. */
const inForm = (prompt: string, text: string) =>
  text.replace('CODE', /QUESTION-(\w{6}):/.exec(prompt)?.[1] ?? '');

async function questionOf(taskId: string) {
  const [row] = await services.sql<{ id: string }>('SELECT * FROM questions WHERE task_id = $1', [taskId]);
  return row ?? { id: '' };
}

async function askOf(script: (prompt: string) => ReturnType<typeof answered>) {
  await here.start();
  gateway.script = ({ prompt }) => script(prompt);
  const agent = await aPushAgent(services);
  const task = await aTaskOf(services, agent);
  return { agent, task };
}

describe('a PUSH agent that asks', () => {
  it('ends its call uncounted, and is called again with the question, the answer and what people said', async () => {
    const { task } = await askOf((prompt) =>
      prompt.includes('## Questions and answers')
        ? answered('All done.')
        : answered(inForm(prompt, 'I have the plan.\n\n**QUESTION-CODE:** Which port?')),
    );
    const waiting = await waitForStatus(services, task.id, 'INPUT_REQUIRED');
    expect(waiting).toMatchObject({ dispatch_attempts: 0, current_run_id: null });
    const question = await questionOf(task.id);
    expect(question).toMatchObject({ text: 'Which port?', kind: 'TEXT', asked_by_agent_id: task.assigneeId });
    await addComment(services, services.admin, { task: { id: task.id }, body: 'See the wiki.' });
    await answerQuestion(services, services.admin, { id: question.id, answer: { text: 'Use 5432.' } });
    expect(await waitForStatus(services, task.id, 'REVIEW')).toMatchObject({ resolution: 'All done.' });
    const { prompt } = gateway.last().call;
    for (const text of ['Which port?', 'Use 5432.', 'See the wiki.', 'I have the plan.'])
      expect(prompt).toContain(text);
    const runs = await runsOf(services, task.id);
    expect(runs.map(({ outcome }) => outcome)).toEqual(['SUSPENDED', 'SUCCEEDED']);
    expect(runs[0]?.output).toContain('I have the plan.');
  });

  it('offers choices by the lines of the form', async () => {
    const { task } = await askOf((prompt) =>
      answered(inForm(prompt, 'QUESTION-CODE: Which?\n- OPTION a: One\n- OPTION b: Two')),
    );
    await waitForStatus(services, task.id, 'INPUT_REQUIRED');
    expect(await questionOf(task.id)).toMatchObject({
      kind: 'CHOICE',
      options: [
        { key: 'a', label: 'One' },
        { key: 'b', label: 'Two' },
      ],
    });
  });

  it('asks nothing with the mark of another attempt, which it may have quoted', async () => {
    const { task } = await askOf(() => answered('QUESTION-ABCDEF: Which port?'));
    expect(await waitForStatus(services, task.id, 'REVIEW')).toMatchObject({
      resolution: 'QUESTION-ABCDEF: Which port?',
    });
  });

  it('asks as a program does, by the mark of its gateway, with what a form has no words for', async () => {
    const { task } = await askOf(() => ({
      ...answered('{"text":"Now?","kind":"CONFIRM","deadlineSeconds":60,"onDeadline":"FAIL"}'),
      asks: true,
    }));
    await waitForStatus(services, task.id, 'INPUT_REQUIRED');
    expect(await questionOf(task.id)).toMatchObject({ kind: 'CONFIRM', on_deadline: 'FAIL' });
  });

  it('fails the attempt with a question that can not be asked', async () => {
    const { task } = await askOf(() => ({ ...answered('{"text":"Now?","kind":"CHOICE"}'), asks: true }));
    const failed = await vi.waitFor(async () => {
      const [run] = await runsOf(services, task.id);
      expect(run?.outcome).toBe('FAILED');
      return run;
    }, 10_000);
    expect(failed?.error).toBe("The question can't be asked: A CHOICE has 2 to 50 options.");
  });

  it('by a call of its own has its gateway call aborted', async () => {
    await here.start();
    const agent = await aPushAgent(services);
    const task = await aTaskOf(services, agent);
    await received(1);
    const { current_run_id: runId } = await waitForStatus(services, task.id, 'IN_PROGRESS');
    await askQuestion(services, services.admin, { runId: String(runId), text: 'Which port?' });
    await vi.waitFor(() => expect(gateway.last().signal.aborted).toBe(true), 10_000);
    expect(await runsOf(services, task.id)).toMatchObject([{ outcome: 'SUSPENDED', lost_reason: null }]);
  });
});
