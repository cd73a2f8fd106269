import type { ClientBase } from 'pg';
import { expect } from 'vitest';

/** A node of a plan in PostgreSQL's JSON, as far as it is looked at here. */
export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly 'Shared Hit Blocks'?: number;
  readonly 'Shared Read Blocks'?: number;
  readonly Plans?: readonly PlanNode[];
}

export interface Plan {
  readonly root: PlanNode;
  /** The beginning of the statement. */
  readonly text: string;
}

/** From the next connection on, PostgreSQL sends the plan of every statement that it runs, those inside functions as well. */
export const SEND_PLANS = `DO $$ DECLARE setting text; BEGIN
  FOREACH setting IN ARRAY '{session_preload_libraries = auto_explain, client_min_messages = notice,
    auto_explain.log_min_duration = 0, auto_explain.log_nested_statements = on, auto_explain.log_analyze = on,
    auto_explain.log_timing = off, auto_explain.log_buffers = on,
    auto_explain.log_level = notice, auto_explain.log_format = json}'::text[]
  LOOP EXECUTE format('ALTER DATABASE %I SET %s', current_database(), setting); END LOOP;
END $$`;

/** Keeps the plans that PostgreSQL sends. */
export function createPlanWatch() {
  let plans: Plan[] = [];
  return {
    watchPlans(client: ClientBase): void {
      client.on('notice', ({ message = '' }) => {
        const json = /plan:\n([\s\S]*)$/.exec(message)?.[1];
        if (json === undefined) return;
        const { Plan: root, 'Query Text': text } = JSON.parse(json);
        plans.push({ root, text: text.replaceAll(/\s+/g, ' ').slice(0, 100) });
      });
    },
    async plansOf(work: () => Promise<unknown>): Promise<Plan[]> {
      plans = [];
      await work();
      return plans;
    },
  };
}

/** No statement sorts tasks, reads the whole table, or looks at more rows than a head has. */
export function expectHeadsOnly(plans: readonly Plan[]): void {
  const scans = plans.flatMap(({ root }) => allNodes(root)).filter(isOnQueue);
  expect(scans.length).toBeGreaterThan(0);
  expect(new Set(plans.flatMap(findFaults))).toEqual(new Set());
}

export function firstOf(node: PlanNode): PlanNode {
  return node.Plans?.[0] ?? node;
}

export function allNodes(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(allNodes)];
}

/** The tables that every claim reads, and that grow with use. */
const QUEUE_TABLES: readonly unknown[] = ['tasks', 'task_runs'];

function isOnTasks(node: PlanNode): boolean {
  return isOnQueue(node) && node['Relation Name'] === 'tasks';
}

function isOnQueue(node: PlanNode): boolean {
  return QUEUE_TABLES.includes(node['Relation Name']) && node['Node Type'] !== 'ModifyTable';
}

function findFaults({ root, text }: Plan): string[] {
  const nodes = allNodes(root);
  // The open runs of one agent may be sorted: there are a hundred at most.
  const sorts = nodes.filter((node) => /Sort/.test(node['Node Type']) && allNodes(node).some(isOnTasks));
  const walks = nodes.filter((node) => node['Node Type'] === 'Seq Scan' && isOnQueue(node));
  const long = nodes.filter((node) => isOnQueue(node) && rowsLookedAt(node) > 100);
  return [...sorts, ...walks, ...long].map(
    (node) => `${node['Node Type']} of ${rowsLookedAt(node)} rows: ${text}`,
  );
}

/** The pages that a statement has read, with those of the statements that its functions run. */
export function pagesRead({ root }: Plan): number {
  return (root['Shared Hit Blocks'] ?? 0) + (root['Shared Read Blocks'] ?? 0);
}

export function rowsLookedAt(node: PlanNode): number {
  const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  return (node['Actual Rows'] + removed) * node['Actual Loops'];
}
