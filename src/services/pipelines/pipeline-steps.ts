import { findMistakes, refuse } from '../../domain/inputs.js';
import { LIMITS } from '../../domain/limits.js';
import { Refusal } from '../../domain/refusals.js';
import type { DependencyFailurePolicy } from '../../domain/tasks/dependencies.js';
import { sortByKeys } from '../../domain/tasks/sort-by-keys.js';
import type { Transaction } from '../../postgres/transaction.js';
import type { NewPipelineStep } from '../../store/pipelines/pipelines.js';
import {
  findTemplateMistakes,
  type TaskTemplate,
  toColumnsWithoutAssignee,
} from '../recurring/task-template.js';
import { getAgentByRef } from '../refs.js';

/** One step of a pipeline. */
export interface PipelineStep {
  readonly key: string;
  readonly dependsOn?: readonly string[] | null | undefined;
  readonly onDependencyFailure?: DependencyFailurePolicy | null | undefined;
  readonly template: TaskTemplate;
}

/**
 * Checks the steps without database access: their number, every field, unique keys, existing dependencies, and no cycle.
 * @throws {Refusal} INVALID. @throws {DependencyCycle} with the keys of the cycle.
 */
export function checkPipelineSteps(steps: readonly PipelineStep[]): void {
  if (steps.length < 1 || steps.length > LIMITS.pipelineSteps) {
    throw new Refusal('INVALID', `A pipeline has 1 to ${LIMITS.pipelineSteps} steps, not ${steps.length}.`, [
      'steps',
    ]);
  }
  refuse(steps.flatMap(findStepMistakes));
  checkTextLength(steps);
  sortByKeys(
    steps.map(({ key, dependsOn }) => ({ key, waitsFor: dependsOn ?? [] })),
    { pathOf: (place) => ['steps', String(place)], field: 'dependsOn' },
  );
}

/** A document can name one long variable in every step. */
function checkTextLength(steps: readonly PipelineStep[]): void {
  const texts = steps.flatMap(({ template: { title, description, tags } }) => [
    title,
    description ?? '',
    ...(tags ?? []),
  ]);
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  if (length <= LIMITS.pipelineTextLength) return;
  throw new Refusal(
    'INVALID',
    `The texts of the steps have ${length} characters together: at most ${LIMITS.pipelineTextLength} are allowed.`,
    ['steps'],
  );
}

function findStepMistakes(step: PipelineStep, place: number): Refusal[] {
  const path = ['steps', String(place)];
  return [
    ...findMistakes(step, ['key'], path),
    ...findTemplateMistakes(step.template, [...path, 'template']),
  ];
}

/** The rows of checked steps. @throws {Refusal} UNKNOWN_AGENT, with the path of the assignee. */
export async function toStepRows(
  tx: Transaction,
  steps: readonly PipelineStep[],
): Promise<NewPipelineStep[]> {
  const names = new Map<string, string>();
  const rows: NewPipelineStep[] = [];
  for (const [place, { key, dependsOn, onDependencyFailure, template }] of steps.entries()) {
    const ref = template.assignee;
    // A thousand steps typically refer to a handful of agents.
    const refKey = JSON.stringify(ref);
    if (ref && !names.has(refKey)) {
      const path = ['steps', String(place), 'template', 'assignee'];
      names.set(refKey, (await getAgentByRef(tx.executor, ref, path)).name);
    }
    rows.push({
      key,
      dependsOn: [...new Set(dependsOn ?? [])],
      ...toColumnsWithoutAssignee(template),
      assigneeName: ref ? (names.get(refKey) ?? null) : null,
      onDependencyFailure: onDependencyFailure ?? 'BLOCK',
    });
  }
  return rows;
}
