import { describe, expect, it } from 'vitest';
import { createPipeline } from '../../../src/services/pipelines/save-pipeline.js';
import { startPipeline } from '../../../src/services/pipelines/start-pipeline.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { claimFor } from '../../support/factories/claims.js';
import { anAgent } from '../../support/factories/factory.js';
import { readRun, step } from '../../support/factories/pipelines.js';
import type { TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';

const AGENTS = 16;
const STEPS = 1_000;
/** Wide enough to keep all agents busy, and narrow enough for forty layers. */
const WIDTH = 25;

let services: TestServices;
let other: TestServices;

useTwoProcesses((two) => {
  ({ services, other } = two);
});

/** Layers, last layer first. Each step depends on up to three steps of the layer before. */
function layeredSteps() {
  return Array.from({ length: STEPS }, (_, i) => {
    const before = i - WIDTH - (i % WIDTH);
    const dependsOn = before < 0 ? [] : [0, 7, 14].map((shift) => `s${before + ((i + shift) % WIDTH)}`);
    return step(`s${i}`, dependsOn);
  }).reverse();
}

/** Claims and completes tasks until all agents together have completed every step. Returns how many this one did. */
async function drain(process: TestServices, agent: AgentRow, all: { done: number }): Promise<number> {
  let done = 0;
  while (all.done < STEPS) {
    const { run } = await claimFor(process, agent);
    if (run === null) continue;
    await completeTask(process, process.admin, { runId: run.id, resolution: 'done' });
    done += 1;
    all.done += 1;
  }
  return done;
}

describe('a pipeline of a thousand steps', () => {
  it('starts in one transaction, and sixteen agents complete it in the order of its dependencies', {
    timeout: 180_000,
  }, async () => {
    const agents = await Promise.all(
      Array.from({ length: AGENTS }, () => anAgent(services, { maxCapacity: 1 })),
    );
    await createPipeline(services, services.admin, { name: 'large', steps: layeredSteps() });
    const { id } = await startPipeline(services, services.admin, { name: 'large' });
    const [started] = await services.sql(
      `SELECT count(*)::int AS tasks, count(DISTINCT xmin::text)::int AS transactions,
        (SELECT count(DISTINCT at)::int FROM events WHERE pipeline_run_id = $1) AS writers FROM tasks WHERE pipeline_run_id = $1`,
      [id],
    );
    expect(started).toEqual({ tasks: STEPS, transactions: 1, writers: 1 });

    const all = { done: 0 };
    const done = await Promise.all(agents.map((agent, i) => drain(i % 2 ? services : other, agent, all)));
    expect(done.reduce((sum, each) => sum + each)).toBe(STEPS);
    expect(Math.min(...done)).toBeGreaterThan(0);
    expect((await readRun(services, id)).events).toEqual(['started', 'finished SUCCEEDED']);

    const tooEarly = await services.sql(
      `SELECT d.task_id FROM task_dependencies d
        JOIN events claimed ON claimed.task_id = d.task_id AND claimed.type = 'task.claimed'
        JOIN events completed ON completed.task_id = d.depends_on_id AND completed.type = 'task.completed'
        WHERE claimed.id < completed.id`,
    );
    expect(tooEarly).toEqual([]);
    const [edges] = await services.sql(
      'SELECT count(*)::int AS count, count(settled_at)::int AS settled FROM task_dependencies',
    );
    expect(edges).toEqual({ count: 3 * (STEPS - WIDTH), settled: 3 * (STEPS - WIDTH) });
  });
});
