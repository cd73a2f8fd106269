import type { PipelineStep } from '../../../src/services/pipelines/pipeline-steps.js';
import { createPipeline } from '../../../src/services/pipelines/save-pipeline.js';
import { startPipeline } from '../../../src/services/pipelines/start-pipeline.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { failTask } from '../../../src/services/runs/fail-task.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { claimFor } from './claims.js';
import type { TestServices } from './services.js';

let made = 0;

/** `step('b', ['a'])`: a step without review, with its key as its title. */
export function step(
  key: string,
  dependsOn: readonly string[] = [],
  more: Partial<Omit<PipelineStep, 'template'>> & { readonly template?: object } = {},
): PipelineStep {
  return { key, dependsOn, ...more, template: { title: key, reviewPolicy: 'SKIP', ...more.template } };
}

/** Saves and starts a pipeline. Returns the run's id and the ids of its tasks by key. */
export async function aPipelineRun(services: TestServices, steps: readonly PipelineStep[]) {
  made += 1;
  const name = `pipeline-${made}`;
  await createPipeline(services, services.admin, { name, steps });
  const run = await startPipeline(services, services.admin, { name });
  const rows = await services.sql<{ id: string; key: string }>(
    'SELECT id, pipeline_step_key AS key FROM tasks WHERE pipeline_run_id = $1',
    [run.id],
  );
  return { id: run.id, taskIds: new Map(rows.map(({ id, key }) => [key, id])) };
}

/** Reads a run and its events. */
export async function readRun(services: TestServices, id: string) {
  const [run] = await services.sql<{ status: string; finished: boolean }>(
    'SELECT status, finished_at IS NOT NULL AS finished FROM pipeline_runs WHERE id = $1',
    [id],
  );
  const events = await services.sql<{ type: string; to: string | null }>(
    `SELECT type, payload->>'to' AS to FROM events
      WHERE pipeline_run_id = $1 AND type LIKE 'pipeline.%' ORDER BY id`,
    [id],
  );
  return {
    ...run,
    events: events.map(({ type, to }) => [type.replace('pipeline.', ''), to].filter(Boolean).join(' ')),
  };
}

/** Claims the next task and ends it. Returns its title. */
export async function workOn(
  services: TestServices,
  agent: AgentRow,
  how: 'DONE' | 'FAILED' | 'CANCELLED' = 'DONE',
): Promise<string> {
  const { task, run, reason } = await claimFor(services, agent, { maxCapacity: 100 });
  if (task === null || run === null) throw new Error(`claimed nothing: ${reason}`);
  if (how === 'DONE') {
    await completeTask(services, services.admin, { runId: run.id, resolution: `${task.title} done` });
  } else if (how === 'FAILED') {
    await failTask(services, services.admin, { runId: run.id, error: 'broken', retry: false });
  } else {
    await cancelTask(services, services.admin, { task: { id: task.id } });
  }
  return task.title;
}
