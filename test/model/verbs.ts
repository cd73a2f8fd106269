import fc from 'fast-check';
import { TASK_STATUSES } from '../../src/domain/tasks/task-status.js';
import { answerQuestion } from '../../src/services/questions/answer-question.js';
import { askQuestion } from '../../src/services/questions/ask-question.js';
import { submitVerdict } from '../../src/services/reviews/submit-verdict.js';
import { completeTask } from '../../src/services/runs/complete-task.js';
import { failTask } from '../../src/services/runs/fail-task.js';
import { releaseTask } from '../../src/services/runs/release-task.js';
import { addComment } from '../../src/services/tasks/add-comment.js';
import { assignTask } from '../../src/services/tasks/assign-task.js';
import { cancelTask } from '../../src/services/tasks/cancel-task.js';
import { createTask } from '../../src/services/tasks/create-task.js';
import { addDependency, removeDependency } from '../../src/services/tasks/edit-dependencies.js';
import { retryTask } from '../../src/services/tasks/retry-task.js';
import { updateTask } from '../../src/services/tasks/update-task.js';
import { claimFor } from '../support/factories/claims.js';
import { canChoose, choice, choose } from './choice.js';
import type { NewModelTask } from './model-task.js';
import type { TaskModel } from './task-model.js';
import { onRun, onTask, silently, type Verb } from './verb-kinds.js';

const PRIORITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'] as const;
const DUE = [null, new Date('2040-01-01'), new Date('2041-01-01')];

const priority = fc.constantFrom(...PRIORITIES);
const dueAt = fc.constantFrom(...DUE);
const reviewPolicy = fc.constantFrom('REQUIRED', 'REQUIRED', 'SKIP');
/** The number of agents, one for each capacity. */
const AGENTS = 3;
const anyAgent = fc.option(fc.nat(AGENTS - 1));

/** Few tasks, so that each gets many verbs and goes through much of its lifecycle. */
const MOST_TASKS = 4;

const create = fc
  .record({
    priority,
    dueAt,
    reviewPolicy,
    onDependencyFailure: fc.constantFrom('BLOCK', 'CANCEL', 'PROCEED'),
    assignee: anyAgent,
    dependsOn: fc.oneof(
      { weight: 4, arbitrary: fc.constant<number[]>([]) },
      fc.array(fc.nat(50), { maxLength: 2 }),
    ),
  })
  .map((input): Verb => {
    const within = (model: TaskModel): NewModelTask => ({
      ...input,
      dependsOn: model.tasks.length === 0 ? [] : input.dependsOn.map((each) => each % model.tasks.length),
    });
    return {
      text: `create(${JSON.stringify(input)})`,
      isPossible: (model) => model.tasks.length < MOST_TASKS,
      expect: (model) => model.create(within(model)),
      async act(process, real, model) {
        const { assignee, dependsOn, ...task } = within(model);
        const created = await createTask(process, process.admin, {
          ...task,
          title: `${real.taskIds.length}`,
          assignee: assignee === null ? null : { id: real.agents[assignee]?.id },
          dependsOn: dependsOn.map((each) => ({ id: real.taskIds[each] })),
        });
        real.taskIds.push(created.id);
      },
    };
  });

const claim = choice.map((choice): Verb => {
  const idle = (model: TaskModel) => (agent: number) => model.hasWorkFor(agent);
  const agentIn = (model: TaskModel) => choose(choice, AGENTS, idle(model));
  return {
    text: `claim(${JSON.stringify(choice)})`,
    isPossible: (model) => canChoose(choice, AGENTS, idle(model)),
    expect: (model) => model.claim(agentIn(model)),
    async act(process, real, model) {
      const { reason, task, run } = await claimFor(process, { id: real.agents[agentIn(model)]?.id ?? '' });
      if (task === null || run === null) return reason;
      real.runIds.push(run.id);
      return `${reason} ${task.title}`;
    },
  };
});

const complete = choice.map((choice) =>
  onRun({
    name: 'complete',
    choice,
    expect: (model, run) => model.complete(run),
    act: (process, runId) => silently(completeTask(process, process.admin, { runId, resolution: 'done' })),
  }),
);
const fail = fc.tuple(choice, fc.constantFrom(true, true, true, false)).map(([choice, retry]) =>
  onRun({
    name: retry ? 'fail' : 'failForGood',
    choice,
    expect: (model, run) => model.fail(run, retry),
    act: (process, runId) => silently(failTask(process, process.admin, { runId, error: 'broken', retry })),
  }),
);
const release = choice.map((choice) =>
  onRun({
    name: 'release',
    choice,
    expect: (model, run) => model.release(run),
    act: (process, runId) => silently(releaseTask(process, process.admin, { runId })),
  }),
);
const ask = choice.map((choice) =>
  onRun({
    name: 'ask',
    choice,
    expect: (model, run) => model.ask(run),
    act: (process, runId) => silently(askQuestion(process, process.admin, { runId, text: 'Which one?' })),
  }),
);
const pass = fc.tuple(choice, anyAgent).map(([choice, agent]) =>
  onRun({
    name: `passTo(${agent})`,
    choice,
    expect: (model, run) => model.pass(run, agent),
    act: (process, runId, real) => {
      const to = agent === null ? null : { id: real.agents[agent]?.id };
      return silently(releaseTask(process, process.admin, { runId, pass: true, to }));
    },
  }),
);
const assign = fc.tuple(choice, anyAgent).map(([choice, agent]) =>
  onTask({
    name: 'assign',
    choice,
    args: [agent],
    from: ['INBOX', 'ASSIGNED'],
    expect: (model, task) => model.assign(task, agent),
    act(process, task, real) {
      const assignee = agent === null ? null : { id: real.agents[agent]?.id };
      return silently(assignTask(process, process.admin, { task, assignee }));
    },
  }),
);
const answer = choice.map((choice) =>
  onTask({
    name: 'answer',
    choice,
    from: ['INPUT_REQUIRED'],
    expect: (model, task) => model.answer(task),
    async act(process, task) {
      const [last] = await process.sql<{ id: string }>(
        'SELECT id FROM questions WHERE task_id = $1 ORDER BY id DESC LIMIT 1',
        [task.id],
      );
      const given = { id: last?.id ?? 'none', answer: { text: 'This one' } };
      return silently(answerQuestion(process, process.admin, given));
    },
  }),
);
const cancel = choice.map((choice) =>
  onTask({
    name: 'cancel',
    choice,
    from: TASK_STATUSES,
    expect: (model, task) => model.cancel(task),
    act: (process, task) => silently(cancelTask(process, process.admin, { task })),
  }),
);
const retry = choice.map((choice) =>
  onTask({
    name: 'retry',
    choice,
    from: ['FAILED', 'CANCELLED'],
    expect: (model, task) => model.retry(task),
    act: (process, task) => silently(retryTask(process, process.admin, { task })),
  }),
);
const comment = choice.map((choice) =>
  onTask({
    name: 'comment',
    choice,
    from: TASK_STATUSES,
    expect: (model, task) => model.comment(task),
    act: (process, task) => silently(addComment(process, process.admin, { task, body: 'x' })),
  }),
);
const update = fc
  .tuple(choice, fc.record({ priority, dueAt, reviewPolicy }, { requiredKeys: [] }))
  .map(([choice, changes]) =>
    onTask({
      name: 'update',
      choice,
      args: [changes],
      from: TASK_STATUSES,
      expect: (model, task) => model.update(task, changes),
      act: (process, task) => silently(updateTask(process, process.admin, { task, ...changes })),
    }),
  );

/** Mostly for a task that waits. The dependency is any task, even the task itself. */
const editDependency = fc
  .tuple(choice, fc.nat(50), fc.constantFrom('addDependency', 'addDependency', 'removeDependency'))
  .map(([choice, number, name]) => {
    const placeOf = (count: number) => number % count;
    return onTask({
      name,
      choice,
      args: [number],
      from: ['INBOX', 'ASSIGNED'],
      expect: (model, task) => model[name](task, placeOf(model.tasks.length)),
      act(process, task, real) {
        const edit = { task, dependsOn: { id: real.taskIds[placeOf(real.taskIds.length)] ?? '' } };
        const service = name === 'addDependency' ? addDependency : removeDependency;
        return silently(service(process, process.admin, edit));
      },
    });
  });

function rarely<Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
}

/** Mostly the current round, by a person. Sometimes another round, or an agent that may have done the work. */
const judgement = fc.record({
  verdict: fc.constantFrom('APPROVED', 'REJECTED', 'REJECTED'),
  round: rarely(fc.integer({ min: 0, max: 3 })),
  reviewer: rarely(fc.nat(AGENTS - 1)),
});
const judge = fc.tuple(choice, judgement).map(([choice, { verdict, round, reviewer }]) =>
  onTask({
    name: 'judge',
    choice,
    args: [verdict, round, reviewer],
    from: ['REVIEW'],
    expect: (model, task) => model.judge(task, verdict, round, reviewer),
    async act(process, task, real) {
      const named = reviewer === null ? null : { id: real.agents[reviewer]?.id };
      const input = { task, verdict, round, feedback: 'seen', reviewer: named };
      const { review } = await submitVerdict(process, process.admin, input);
      return review.superseded ? 'superseded' : 'ok';
    },
  }),
);

/** Any verb with any arguments. */
export const anyVerb: fc.Arbitrary<Verb> = fc.oneof(
  { weight: 4, arbitrary: create },
  { weight: 8, arbitrary: claim },
  { weight: 5, arbitrary: complete },
  { weight: 5, arbitrary: fail },
  { weight: 3, arbitrary: release },
  { weight: 2, arbitrary: pass },
  { weight: 3, arbitrary: ask },
  { weight: 3, arbitrary: answer },
  { weight: 2, arbitrary: assign },
  { weight: 4, arbitrary: editDependency },
  { weight: 1, arbitrary: cancel },
  { weight: 2, arbitrary: retry },
  { weight: 6, arbitrary: judge },
  { weight: 1, arbitrary: comment },
  { weight: 1, arbitrary: update },
);
