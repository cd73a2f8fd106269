import type { Acknowledged, AcknowledgedKind } from '../../record.js';
import type { Evidence } from '../evidence.js';
import { byId, type Rule } from '../rule.js';

/** Whether an acknowledged write is stored. */
type Check = (written: Acknowledged) => boolean;

/** Each acknowledged write is stored. */
export const acknowledged: Rule = {
  name: 'acknowledged',
  promise: 'Every write that was acknowledged is stored.',
  find(evidence) {
    const checks = prepare(evidence);
    return evidence.record.acknowledged
      .filter((written) => !checks[written.kind](written))
      .map(({ kind, id, value }) => `${kind} ${id}${value === undefined ? '' : ` (${value})`} is not stored`);
  },
};

function prepare(evidence: Evidence): Record<AcknowledgedKind, Check> {
  const { events, dependencies } = evidence;
  const tasks = byId(evidence.tasks);
  const runs = byId(evidence.runs);
  const keys = byId(evidence.keys);
  const comments = byId(evidence.comments);
  const has = (rows: readonly { readonly id: string }[]): Check => {
    const ids = new Set(rows.map(({ id }) => id));
    return ({ id }) => ids.has(id);
  };
  const seen = new Set(events.map(({ type, task_id: id }) => `${type} ${id}`));
  const progress = new Set(
    events
      .filter(({ type }) => type === 'run.progress')
      .map((event) => `${event.run_id} ${event.payload.message}`),
  );
  const edges = new Set(dependencies.map((edge) => `${edge.task_id} ${edge.depends_on_id}`));
  const edited = new Set(events.filter(isEditOfDependencies).map(({ task_id: id }) => id));
  const endedAs =
    (outcome: string): Check =>
    ({ id }) =>
      runs.get(id)?.outcome === outcome;
  return {
    agent: has(evidence.agents),
    task: ({ id }) => tasks.has(id),
    'task.updated': ({ id, value }) => (tasks.get(id)?.version ?? 0) >= Number(value),
    'task.cancelled': ({ id }) => seen.has(`task.cancelled ${id}`),
    // It may have been removed again later, which is an edit too.
    'dependency.added': ({ id, value }) => edges.has(`${id} ${value}`) || edited.has(id),
    comment: ({ id, value }) => comments.get(id)?.task_id === value,
    'run.claimed': ({ id, value }) => runs.get(id)?.agent_id === value,
    'run.progress': ({ id, value }) => progress.has(`${id} ${value}`),
    'run.completed': endedAs('SUCCEEDED'),
    'run.failed': endedAs('FAILED'),
    'run.released': endedAs('RELEASED'),
    verdict: has(evidence.reviews),
    key: has(evidence.keys),
    'key.revoked': ({ id }) => keys.get(id)?.is_revoked === true,
    'pipeline-run': has(evidence.pipelineRuns),
    recurring: has(evidence.recurring),
  };
}

function isEditOfDependencies({ type, payload }: Evidence['events'][number]): boolean {
  return (
    type === 'task.updated' &&
    Array.isArray(payload.changedFields) &&
    payload.changedFields.includes('dependsOn')
  );
}
