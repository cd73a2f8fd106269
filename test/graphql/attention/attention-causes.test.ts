import { beforeEach, describe, expect, it } from 'vitest';
import { createEchoGateway } from '../../../src/gateway/echo.js';
import { pauseAgent, resumeAgent } from '../../../src/services/agents/pause-agent.js';
import { updateAgent } from '../../../src/services/agents/register-agent.js';
import { answerQuestion } from '../../../src/services/questions/answer-question.js';
import { askQuestion } from '../../../src/services/questions/ask-question.js';
import { fireRecurringTask } from '../../../src/services/recurring/fire-recurring-task.js';
import { pauseRecurringTask } from '../../../src/services/recurring/pause-recurring-task.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { heartbeat } from '../../../src/services/runs/heartbeat.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import { retryTask } from '../../../src/services/tasks/retry-task.js';
import { setLastSeen } from '../../support/factories/aging.js';
import { aClaimedTask, anAgent, aTask, aTaskIn } from '../../support/factories/factory.js';
import { aRecurringTask, minutesAgo, wasDueAt } from '../../support/factories/recurring.js';
import type { LiveGraph } from '../../support/graphql/live-graph.js';
import { useTwoLiveGraphs } from '../../support/graphql/use-two-live-graphs.js';
import { reportMs } from '../../support/runner/measurements.js';
import { anOutage, aSkippedRecurringTask, clearAttention, ITEM, listItems } from './attention-list.js';

let here: LiveGraph;
let there: LiveGraph;
useTwoLiveGraphs((graphs) => {
  ({ here, there } = graphs);
});
beforeEach(() => clearAttention(here.services));

const named = (id: string) => ({ task: { id } });

/** A cause of each kind: what happens, what ends it, and the item between the two. */
interface Cause {
  readonly begin: () => Promise<() => Promise<unknown>>;
  readonly item: object;
}

const CAUSES: Record<string, Cause> = {
  'a question that no person has answered': {
    async begin() {
      const agent = await anAgent(here.services, { name: `asking-${Math.random()}` });
      await heartbeat(here.services, here.services.admin, { agent: { id: agent.id } });
      const { runId } = await aClaimedTask(here.services, agent);
      const asked = { runId, text: 'Which branch?', kind: 'TEXT' } as const;
      const { question } = await askQuestion(here.services, here.services.admin, asked);
      const given = { id: question.id, answer: { text: 'main' } };
      return () => answerQuestion(here.services, here.services.admin, given);
    },
    item: {
      kind: 'QUESTION',
      severity: 'WARNING',
      text: expect.stringMatching(/^asking-[\d.]+ asks about TASK-\d+: Which branch\?$/),
      task: { ref: expect.any(String) },
    },
  },
  'finished work that no reviewer judges': {
    async begin() {
      const task = await aTaskIn(here.services, 'REVIEW', await anAgent(here.services));
      return () =>
        submitVerdict(here.services, here.services.admin, { ...named(task.id), verdict: 'APPROVED' });
    },
    item: {
      kind: 'REVIEW',
      severity: 'WARNING',
      text: expect.stringMatching(
        /^TASK-\d+ waits for a verdict from a person: no reviewer is available\. “Task \d+”$/,
      ),
      task: { ref: expect.any(String) },
    },
  },
  'a task that failed for good': {
    async begin() {
      const task = await aTaskIn(here.services, 'FAILED', await anAgent(here.services));
      return () => retryTask(here.services, here.services.admin, named(task.id));
    },
    item: {
      kind: 'TASK_FAILED',
      severity: 'WARNING',
      text: expect.stringMatching(/^TASK-\d+ failed: broken\. “Task \d+”$/),
    },
  },
  'a task that requires what no agent has': {
    async begin() {
      await anAgent(here.services, { capabilities: ['cpu'] });
      const task = await aTask(here.services, { requires: ['gpu', 'cpu'] });
      return () => cancelTask(here.services, here.services.admin, named(task.id));
    },
    item: {
      kind: 'TASK_STUCK',
      severity: 'WARNING',
      missing: ['no agent for it has gpu'],
      text: expect.stringMatching(
        /^TASK-\d+ waits, and no agent can take it: no agent for it has gpu\. “Task \d+”$/,
      ),
    },
  },
  'a task of the inbox whose only agent is paused': {
    async begin() {
      const agent = await anAgent(here.services, { name: `only-${Math.random()}` });
      await heartbeat(here.services, here.services.admin, { agent: { id: agent.id } });
      await pauseAgent(here.services, here.services.admin, { id: agent.id });
      await aTask(here.services);
      return () => resumeAgent(here.services, here.services.admin, { id: agent.id });
    },
    item: { kind: 'TASK_STUCK', missing: [expect.stringMatching(/^only-[\d.]+: paused$/)] },
  },
  'a task whose assignee is paused': {
    async begin() {
      const agent = await anAgent(here.services, { name: `own-${Math.random()}` });
      await pauseAgent(here.services, here.services.admin, { id: agent.id });
      await aTask(here.services, { assignee: { id: agent.id } });
      return () => resumeAgent(here.services, here.services.admin, { id: agent.id });
    },
    item: { kind: 'TASK_STUCK', missing: [expect.stringMatching(/^own-[\d.]+: paused$/)] },
  },
  'a task whose dependency was cancelled': {
    async begin() {
      const agent = await anAgent(here.services);
      const first = await aTask(here.services, { assignee: { id: agent.id } });
      await aTask(here.services, { assignee: { id: agent.id }, dependsOn: [{ id: first.id }] });
      await cancelTask(here.services, here.services.admin, named(first.id));
      return () => retryTask(here.services, here.services.admin, named(first.id));
    },
    item: {
      kind: 'TASK_STUCK',
      missing: [expect.stringMatching(/^depends on TASK-\d+: CANCELLED$/)],
    },
  },
  'a silent agent that holds a task': {
    async begin() {
      const agent = await anAgent(here.services, { name: `silent-${Math.random()}` });
      await aClaimedTask(here.services, agent);
      await aTask(here.services, { assignee: { id: agent.id } });
      await setLastSeen(here.services, agent.id);
      await here.services.sql("UPDATE agents SET announced_status = 'OFFLINE' WHERE id = $1", [agent.id]);
      // An event that tells of it, as the job markAgentsOffline appends.
      await pauseAgent(here.services, here.services.admin, { id: agent.id });
      await resumeAgent(here.services, here.services.admin, { id: agent.id });
      return () => heartbeat(here.services, here.services.admin, { agent: { id: agent.id } });
    },
    item: {
      kind: 'AGENT_SILENT',
      severity: 'WARNING',
      agent: { name: expect.stringContaining('silent-') },
      text: expect.stringMatching(
        /^silent-[\d.]+ is silent and holds TASK-\d+, and one task waits for it\.$/,
      ),
    },
  },
  'a gateway that is unreachable': {
    async begin() {
      await anAgent(here.services, { delivery: 'PUSH', config: { gateway: 'echo' } });
      return anOutage(here.services);
    },
    item: {
      kind: 'GATEWAY',
      severity: 'WARNING',
      text: 'The gateway echo is unreachable: connect ECONNREFUSED.',
      gateway: { name: 'echo', state: 'REACHABLE' },
    },
  },
  'a gateway that refuses every call': {
    begin: () => anOutage(here.services, 'Check the key.'),
    item: {
      kind: 'GATEWAY',
      severity: 'CRITICAL',
      text: 'The gateway echo refuses every call: connect ECONNREFUSED. Check the key.',
    },
  },
  'a gateway that agents use and the server does not have': {
    async begin() {
      const agent = await anAgent(here.services, { delivery: 'PUSH', config: { gateway: 'echo' } });
      for (const { services } of [here, there]) services.gateways.delete('echo');
      await updateAgent(here.services, here.services.admin, { agent: { id: agent.id }, role: 'lost' });
      return () => pauseAgent(here.services, here.services.admin, { id: agent.id });
    },
    item: {
      kind: 'GATEWAY',
      severity: 'WARNING',
      text: 'This server has no gateway echo, but agents use it.',
    },
  },
  'a recurring task that skipped its due time': {
    async begin() {
      const row = await aSkippedRecurringTask(here.services);
      return () => fireRecurringTask(here.services, here.services.admin, row.id);
    },
    item: {
      kind: 'SCHEDULE',
      severity: 'NOTICE',
      text: expect.stringMatching(/^The recurring task recurring \d+ created no task when it was due: /),
      recurringTask: { name: expect.any(String) },
    },
  },
  'a recurring task that no job has come to': {
    async begin() {
      const row = await aRecurringTask(here.services);
      await wasDueAt(here.services, row.id, await minutesAgo(here.services, 5));
      // No event tells of it. This one makes the process read at once, and not only when the next thing is due.
      const other = await aRecurringTask(here.services);
      await pauseRecurringTask(here.services, here.services.admin, other.id);
      return () => pauseRecurringTask(here.services, here.services.admin, row.id);
    },
    item: {
      kind: 'SCHEDULE',
      severity: 'WARNING',
      text: expect.stringMatching(/^The recurring task recurring \d+ was due and has created no task: /),
    },
  },
};

describe('what needs attention', () => {
  it.each(Object.entries(CAUSES))(
    'has %s, in another process as well, until its cause ends',
    async (_, cause) => {
      here.services.gateways.set('echo', createEchoGateway());
      there.services.gateways.set('echo', createEchoGateway());
      const live = await there.watch(
        'subscription { needsAttention { total counts { kind severity count } } }',
      );
      await live.has(1);
      expect(live.items[0]).toEqual({ total: 0, counts: [] });
      const end = await cause.begin();
      const beganAtMs = performance.now();
      const items = await listItems(here);
      expect(items).toMatchObject([cause.item]);
      const count = { kind: items[0].kind, severity: items[0].severity, count: 1 };
      await expect.poll(() => live.items.at(-1).counts).toEqual([count]);
      const appearedMs = performance.now() - beganAtMs;
      expect(
        await here.get(`query ($id: ID!) { node(id: $id) { __typename ... on AttentionItem { ${ITEM} } } }`, {
          id: items[0].id,
        }),
      ).toEqual({
        node: { __typename: 'AttentionItem', ...items[0] },
      });
      await end();
      const endedAtMs = performance.now();
      await expect.poll(() => live.items.at(-1).counts).not.toMatchObject([{ kind: items[0].kind }]);
      const vanishedMs = performance.now() - endedAtMs;
      reportMs(`${items[0].kind} appears and vanishes`, [appearedMs, vanishedMs]);
      // A busy machine may delay one of them.
      expect(Math.min(appearedMs, vanishedMs)).toBeLessThan(1_000);
      expect(await listItems(here, { kinds: [items[0].kind] })).toEqual([]);
      await live.close();
    },
  );

  it('has an agent that becomes silent at the time at which it does, without any event', async () => {
    const agent = await anAgent(here.services);
    await heartbeat(here.services, here.services.admin, { agent: { id: agent.id } });
    await aClaimedTask(here.services, agent);
    const live = await there.watch('subscription { needsAttention { total } }');
    await live.has(1);
    // The agent timeout of the tests is ten minutes. Nothing but the time makes it silent.
    await here.services.sql(
      "UPDATE agents SET last_seen_at = now() - interval '599.5 seconds' WHERE id = $1",
      [agent.id],
    );
    await aTask(here.services, { assignee: { id: agent.id }, startsAt: new Date(Date.now() + 3_600_000) });
    await expect.poll(() => live.items.at(-1)).toEqual({ total: 1 });
    await live.close();
  });

  it('leaves out work that waits for something that passes by itself', async () => {
    const { services } = here;
    const busy = await anAgent(services, { maxCapacity: 1 });
    await heartbeat(services, services.admin, { agent: { id: busy.id } });
    await aClaimedTask(services, busy);
    const first = await aTask(services, { assignee: { id: busy.id } });
    await aTask(services);
    await aTask(services, { dependsOn: [{ id: first.id }] });
    await aTask(services, { requires: ['gpu'], startsAt: new Date(Date.now() + 3_600_000) });
    expect(await listItems(here)).toEqual([]);
  });
});
