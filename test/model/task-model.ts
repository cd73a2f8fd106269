import type { Verdict } from '../../src/domain/reviews/verdict.js';
import type { DependencyFailurePolicy } from '../../src/domain/tasks/dependencies.js';
import type { TaskStatus } from '../../src/domain/tasks/task-status.js';
import { ENDED, type ModelRun, type ModelTask, type NewModelTask } from './model-task.js';
import { compareInQueue } from './queue-order.js';

/**
 * The rules of tasks in their smallest form: no database, no locks, no time. Every verb returns `ok`, an outcome, or
 * the code of its refusal.
 */
export class TaskModel {
  readonly tasks: ModelTask[] = [];
  readonly runs: ModelRun[] = [];

  constructor(readonly capacities: readonly number[]) {}

  create({ dependsOn, assignee, ...task }: NewModelTask): string {
    if (dependsOn.some((each) => this.#isDoomedBy(each, task.onDependencyFailure))) return 'INVALID';
    const open = [...new Set(dependsOn)].filter((each) => this.#holdsBack(each, task.onDependencyFailure));
    const place = this.tasks.length;
    this.tasks.push({
      ...task,
      number: BigInt(place),
      // Tasks are created one after another, so the number orders them by time as well.
      createdAt: new Date(place),
      status: assignee === null ? 'INBOX' : 'ASSIGNED',
      assignee,
      pinned: assignee !== null,
      releasedBy: new Set(),
      run: null,
      version: 1,
      attempts: 0,
      cycles: 0,
      round: 0,
      comments: 0,
      question: null,
      dependsOn: new Set(dependsOn),
      waitsFor: new Set(open),
      workers: new Set(),
    });
    return 'ok';
  }

  addDependency(place: number, on: number): string {
    const task = this.#task(place);
    if (place === on) return 'DEPENDENCY_CYCLE';
    if (task.dependsOn.has(on)) return 'ok';
    if (task.status !== 'INBOX' && task.status !== 'ASSIGNED') return 'INVALID';
    if (this.#dependsOn(on, place)) return 'DEPENDENCY_CYCLE';
    if (this.#isDoomedBy(on, task.onDependencyFailure)) return 'INVALID';
    task.dependsOn.add(on);
    if (this.#holdsBack(on, task.onDependencyFailure)) task.waitsFor.add(on);
    task.version += 1;
    return 'ok';
  }

  removeDependency(place: number, on: number): string {
    const task = this.#task(place);
    if (!task.dependsOn.has(on)) return 'ok';
    if (task.status !== 'INBOX' && task.status !== 'ASSIGNED') return 'INVALID';
    task.dependsOn.delete(on);
    task.waitsFor.delete(on);
    task.version += 1;
    return 'ok';
  }

  assign(place: number, assignee: number | null): string {
    const task = this.#task(place);
    if (task.status !== 'INBOX' && task.status !== 'ASSIGNED') return 'INVALID_TRANSITION';
    if (task.assignee === assignee) {
      if (assignee !== null && !task.pinned) task.version += 1;
      task.pinned = assignee !== null;
      return 'ok';
    }
    task.assignee = assignee;
    task.pinned = assignee !== null;
    task.releasedBy.clear();
    return this.#move(place, assignee === null ? 'INBOX' : 'ASSIGNED');
  }

  claim(agent: number): string {
    const held = this.tasks.filter((task) => task.status === 'IN_PROGRESS' && task.assignee === agent);
    if (held.length >= (this.capacities[agent] ?? 0)) return 'AT_CAPACITY';
    const head = this.#headFor(agent);
    if (head === undefined) return 'NO_TASKS_AVAILABLE';
    const place = this.tasks.indexOf(head);
    head.assignee = agent;
    head.workers.add(agent);
    this.runs.push({ task: place, agent, endedBy: null });
    this.#move(place, 'IN_PROGRESS');
    head.run = this.runs.length - 1;
    return `ASSIGNED ${place}`;
  }

  complete(run: number): string {
    const place = this.#end(run, 'complete');
    if (typeof place === 'string') return place;
    const task = this.#task(place);
    task.attempts = 0;
    task.releasedBy.clear();
    if (task.reviewPolicy === 'SKIP') return this.#move(place, 'DONE');
    task.round += 1;
    return this.#move(place, 'REVIEW');
  }

  fail(run: number, retry: boolean): string {
    const place = this.#end(run, 'fail');
    if (typeof place === 'string') return place;
    const task = this.#task(place);
    task.attempts += 1;
    task.comments += 1;
    return retry && task.attempts < 5 ? this.#moveBack(place) : this.#move(place, 'FAILED');
  }

  release(run: number): string {
    const place = this.#end(run, 'release');
    if (typeof place === 'string') return place;
    const task = this.#task(place);
    if (!task.pinned) task.releasedBy.add(this.runs[run]?.agent ?? 0);
    return this.#moveBack(place);
  }

  ask(run: number): string {
    const place = this.#end(run, 'ask');
    if (typeof place === 'string') return place;
    this.#task(place).question = 'OPEN';
    return this.#move(place, 'INPUT_REQUIRED');
  }

  /** Always with the same answer of the same person, so a repeat is answered again. */
  answer(place: number): string {
    const task = this.#task(place);
    if (task.question === null) return 'NOT_FOUND';
    if (task.question !== 'OPEN') return task.question === 'ANSWERED' ? 'ok' : 'ALREADY_ANSWERED';
    task.question = 'ANSWERED';
    return this.#move(place, 'ASSIGNED');
  }

  /** To another agent, or to the inbox. */
  pass(run: number, to: number | null): string {
    const known = this.runs[run];
    const held = known === undefined ? undefined : this.#task(known.task);
    if (held?.run === run && to !== null && to === held.assignee) return 'INVALID';
    const place = this.#end(run, 'release');
    if (typeof place === 'string') return place;
    const task = this.#task(place);
    if (to === null) {
      task.releasedBy.add(known?.agent ?? 0);
      task.pinned = false;
      return this.#moveBack(place);
    }
    task.releasedBy.clear();
    task.assignee = to;
    task.pinned = true;
    return this.#move(place, 'ASSIGNED');
  }

  cancel(place: number): string {
    return ENDED.includes(this.#task(place).status) ? 'INVALID_TRANSITION' : this.#move(place, 'CANCELLED');
  }

  retry(place: number): string {
    const task = this.#task(place);
    if (task.status !== 'FAILED' && task.status !== 'CANCELLED') return 'INVALID_TRANSITION';
    task.attempts = 0;
    task.cycles = 0;
    task.releasedBy.clear();
    return this.#moveBack(place);
  }

  judge(place: number, verdict: Verdict, round: number | null, reviewer: number | null): string {
    const task = this.#task(place);
    if (task.round === 0) return 'INVALID_TRANSITION';
    if (round !== null && (round < 1 || round > task.round)) return 'INVALID';
    if (reviewer !== null && task.workers.has(reviewer)) return 'SELF_REVIEW';
    if (task.status !== 'REVIEW' || (round ?? task.round) !== task.round) return 'superseded';
    if (verdict === 'APPROVED') return this.#move(place, 'DONE');
    task.cycles += 1;
    task.comments += 1;
    this.#move(place, 'REJECTED');
    return this.#move(place, task.cycles < 3 ? 'ASSIGNED' : 'FAILED');
  }

  comment(place: number): string {
    this.#task(place).comments += 1;
    return 'ok';
  }

  update(place: number, changes: Partial<Pick<ModelTask, 'priority' | 'dueAt' | 'reviewPolicy'>>): string {
    const task = this.#task(place);
    const before = JSON.stringify([task.priority, task.dueAt, task.reviewPolicy]);
    Object.assign(task, changes);
    if (JSON.stringify([task.priority, task.dueAt, task.reviewPolicy]) !== before) task.version += 1;
    return 'ok';
  }

  /** Whether a claim by the agent would find a task. */
  hasWorkFor(agent: number): boolean {
    return this.#headFor(agent) !== undefined;
  }

  #dependsOn(place: number, on: number): boolean {
    return place === on || [...this.#task(place).dependsOn].some((each) => this.#dependsOn(each, on));
  }

  #isDoomedBy(on: number, policy: DependencyFailurePolicy): boolean {
    return policy === 'CANCEL' && ['FAILED', 'CANCELLED'].includes(this.#task(on).status);
  }

  #holdsBack(on: number, policy: DependencyFailurePolicy): boolean {
    const { status } = this.#task(on);
    return status !== 'DONE' && !(policy === 'PROCEED' && ENDED.includes(status));
  }

  #headFor(agent: number): ModelTask | undefined {
    return this.tasks
      .filter((task) => task.waitsFor.size === 0)
      .filter(
        (task) =>
          (task.status === 'INBOX' && this.#mayTakeAgain(agent, task)) ||
          (task.status === 'ASSIGNED' && task.assignee === agent),
      )
      .sort(compareInQueue)[0];
  }

  /** All agents of the model are available, so any agent that has not released the task can take it. */
  #mayTakeAgain(agent: number, { releasedBy }: ModelTask): boolean {
    return !releasedBy.has(agent) || releasedBy.size === this.capacities.length;
  }

  /** To the agent of the pin, or to the inbox. */
  #moveBack(place: number): 'ok' {
    const task = this.#task(place);
    if (!task.pinned) task.assignee = null;
    return this.#move(place, task.pinned ? 'ASSIGNED' : 'INBOX');
  }

  #task(place: number): ModelTask {
    const task = this.tasks[place];
    if (task === undefined) throw new Error(`the model has no task ${place}`);
    return task;
  }

  /** The task that the run still holds, or the answer to a call that comes too late: a repeat is answered again. */
  #end(run: number, verb: NonNullable<ModelRun['endedBy']>): number | string {
    const known = this.runs[run];
    if (known === undefined || this.#task(known.task).run !== run)
      return known?.endedBy === verb ? 'ok' : 'LEASE_LOST';
    known.endedBy = verb;
    return known.task;
  }

  #move(place: number, to: TaskStatus): 'ok' {
    const task = this.#task(place);
    task.status = to;
    task.run = null;
    task.version += 1;
    if (ENDED.includes(to) && task.question === 'OPEN') task.question = 'CLOSED';
    if (ENDED.includes(to)) this.#settleDependents(place, to);
    return 'ok';
  }

  #settleDependents(ended: number, how: TaskStatus): void {
    for (const [place, task] of this.tasks.entries()) {
      if (!task.waitsFor.has(ended)) continue;
      if (how === 'DONE' || task.onDependencyFailure === 'PROCEED') {
        task.waitsFor.delete(ended);
        task.version += 1;
      } else if (task.onDependencyFailure === 'CANCEL' && !ENDED.includes(task.status)) {
        this.#move(place, 'CANCELLED');
      }
    }
  }
}
