import fc from 'fast-check';
import { expect } from 'vitest';
import { Refusal } from '../../src/domain/refusals.js';
import type { TaskModel } from './task-model.js';
import type { Real, Verb } from './verb-kinds.js';
import { anyVerb } from './verbs.js';

/** Runs a verb in the model and in the services, and compares the answers and then every task. */
class Command implements fc.AsyncCommand<TaskModel, Real> {
  constructor(
    private readonly verb: Verb,
    private readonly process: 0 | 1,
  ) {}

  check(model: TaskModel): boolean {
    return this.verb.isPossible(model);
  }

  async run(model: TaskModel, real: Real): Promise<void> {
    const outcome = await this.verb.act(real.processes[this.process], real, model).catch(codeOf);
    expect(outcome ?? 'ok').toBe(this.verb.expect(model));
    expect(await real.readTasks()).toEqual(describeTasks(model));
  }

  toString(): string {
    return this.verb.text;
  }
}

function codeOf(error: unknown): string {
  if (error instanceof Refusal) return error.code;
  throw error;
}

/** The tasks of the model in the form of `Real.readTasks`. */
export function describeTasks(model: TaskModel): unknown[] {
  return model.tasks.map((task) => ({
    status: task.status,
    assignee: task.assignee,
    pinned: task.pinned,
    run: task.run,
    version: task.version,
    attempts: task.attempts,
    cycles: task.cycles,
    round: task.round,
    comments: task.comments,
    open: task.waitsFor.size,
    priority: task.priority,
  }));
}

/** A random verb in one of the two processes. */
export const command = fc
  .tuple(anyVerb, fc.constantFrom(0, 1))
  .map(([verb, process]) => new Command(verb, process));
