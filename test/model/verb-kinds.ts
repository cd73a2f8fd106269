import type { TaskStatus } from '../../src/domain/tasks/task-status.js';
import type { AgentRow } from '../../src/store/agents/agents.js';
import type { TestServices } from '../support/factories/services.js';
import { type Choice, canChoose, choose } from './choice.js';
import type { TaskModel } from './task-model.js';

/** The real services and database, with the ids of the tasks and runs that the model numbers. */
export interface Real {
  readonly processes: readonly [TestServices, TestServices];
  readonly agents: readonly AgentRow[];
  readonly taskIds: string[];
  readonly runIds: string[];
  /** The rows of all tasks, in the form of the model. */
  readTasks(): Promise<unknown[]>;
}

/** A verb with its arguments: the answer of the model, and the call of the services. */
export interface Verb {
  readonly text: string;
  /** Whether there is a candidate for the verb. */
  isPossible(model: TaskModel): boolean;
  expect(model: TaskModel): string;
  act(process: TestServices, real: Real, model: TaskModel): Promise<unknown>;
}

interface OnTask {
  readonly name: string;
  readonly choice: Choice;
  readonly args?: readonly unknown[];
  /** The statuses from which the verb moves a task. */
  readonly from: readonly TaskStatus[];
  expect(model: TaskModel, place: number): string;
  act(process: TestServices, task: { id: string }, real: Real): Promise<unknown>;
}

/** A verb for a task, mostly one that it can move. */
export function onTask({ name, choice, args = [], from, expect, act }: OnTask): Verb {
  const isMovable = (model: TaskModel) => (place: number) =>
    from.includes(model.tasks[place]?.status ?? 'DONE');
  const placeIn = (model: TaskModel) => choose(choice, model.tasks.length, isMovable(model));
  return {
    text: `${name}(${[choice, ...args].map((each) => JSON.stringify(each)).join(', ')})`,
    isPossible: (model) => canChoose(choice, model.tasks.length, isMovable(model)),
    expect: (model) => expect(model, placeIn(model)),
    act: (process, real, model) => act(process, { id: real.taskIds[placeIn(model)] ?? '' }, real),
  };
}

interface OnRun {
  readonly name: string;
  readonly choice: Choice;
  expect(model: TaskModel, run: number): string;
  act(process: TestServices, runId: string, real: Real): Promise<unknown>;
}

/** A verb for a run, mostly one that is still open. */
export function onRun({ name, choice, expect, act }: OnRun): Verb {
  const isLive = (model: TaskModel) => (place: number) => model.tasks.some(({ run }) => run === place);
  const placeIn = (model: TaskModel) => choose(choice, model.runs.length, isLive(model));
  return {
    text: `${name}(${JSON.stringify(choice)})`,
    isPossible: (model) => canChoose(choice, model.runs.length, isLive(model)),
    expect: (model) => expect(model, placeIn(model)),
    act: (process, real, model) => act(process, real.runIds[placeIn(model)] ?? '', real),
  };
}

/** The work without its answer. */
export const silently = (work: Promise<unknown>): Promise<undefined> => work.then(() => undefined);
