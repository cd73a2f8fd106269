import { describe, expect, it } from 'vitest';
import { pauseAgent } from '../../../src/services/agents/pause-agent.js';
import { registerAgent, updateAgent } from '../../../src/services/agents/register-agent.js';
import { createApiKey, revokeApiKey } from '../../../src/services/keys/api-keys.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { failTask } from '../../../src/services/runs/fail-task.js';
import { heartbeat } from '../../../src/services/runs/heartbeat.js';
import { releaseTask } from '../../../src/services/runs/release-task.js';
import { renewLease, reportProgress } from '../../../src/services/runs/renew-lease.js';
import { addComment } from '../../../src/services/tasks/add-comment.js';
import { assignTask } from '../../../src/services/tasks/assign-task.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import { createTask } from '../../../src/services/tasks/create-task.js';
import { retryTask } from '../../../src/services/tasks/retry-task.js';
import { updateTask } from '../../../src/services/tasks/update-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { aClaimedTask, anAgent, aTaskIn } from '../../support/factories/factory.js';
import { namedRefusalsOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';

let services: TestServices;
let agent: AgentRow;
let id: string;
let runId: string;
let inReview: string;

useServices(
  async (made) => {
    services = made;
    agent = await anAgent(services);
    inReview = (await aTaskIn(services, 'REVIEW', agent)).id;
    const held = await aClaimedTask(services, agent);
    [id, runId] = [held.task.id, held.runId];
  },
  { keepTasks: true },
);

/** Calls a service with valid input except for the given field. */
type Call = (input: never) => Promise<unknown>;
const VERBS: Record<string, Call> = {
  createTask: (input: object) => createTask(services, services.admin, { title: 'x', ...input }),
  updateTask: (input: object) => updateTask(services, services.admin, { task: { id }, ...input }),
  completeTask: (input: object) =>
    completeTask(services, services.admin, { runId, resolution: 'x', ...input }),
  failTask: (input: object) => failTask(services, services.admin, { runId, error: 'x', ...input }),
  releaseTask: (input: object) => releaseTask(services, services.admin, { runId, ...input }),
  reportProgress: (input: object) =>
    reportProgress(services, services.admin, { runId, message: 'x', ...input }),
  renewLease: (input: object) => renewLease(services, services.admin, { runId, ...input }),
  heartbeat: (input: object) => heartbeat(services, services.admin, { agent: { id: agent.id }, ...input }),
  submitVerdict: (input: object) =>
    submitVerdict(services, services.admin, {
      task: { id: inReview },
      verdict: 'REJECTED',
      feedback: 'x',
      ...input,
    }),
  addComment: (input: object) => addComment(services, services.admin, { task: { id }, body: 'x', ...input }),
  cancelTask: (input: object) => cancelTask(services, services.admin, { task: { id }, ...input }),
  registerAgent: (input: object) => registerAgent(services, services.admin, { name: agent.name, ...input }),
  updateAgent: (input: object) =>
    updateAgent(services, services.admin, { agent: { id: agent.id }, ...input }),
  createApiKey: (input: object) =>
    createApiKey(services, services.admin, { name: 'x', role: 'VIEWER', ...input }),
};

const FILLED_TEXT = { NUL: 'a\u0000', 'half a pair': 'a\ud83d', empty: ' ' };
const FREE_TEXT = { NUL: 'a\u0000', 'half a pair': '\udc00a' };
const NUMBERS = { 'a billion': 1e9, negative: -1, fraction: 0.5, infinite: Number.POSITIVE_INFINITY };
const INSTANTS = { none: new Date(Number.NaN), 'before 1970': new Date(-1), 'after 9999': new Date(8.64e15) };
const KEY = { ...FILLED_TEXT, long: 'x'.repeat(256) };
const TAGS = { 'a wrong one': ['fine', '\u0000'], 'too many': Array(101).fill('x') };
const METADATA = { NUL: { a: '\u0000' }, 'half a pair': { '\ud800': 1 }, large: { a: 'x'.repeat(65_536) } };
const LEASE = { ...NUMBERS, short: 9_999 };

const TASK_FIELDS = {
  title: { ...FILLED_TEXT, long: 'x'.repeat(501) },
  description: { ...FREE_TEXT, long: 'x'.repeat(100_001) },
  tags: TAGS,
  metadata: METADATA,
  dueAt: INSTANTS,
  startsAt: INSTANTS,
};
const AGENT_FIELDS = {
  role: { ...FILLED_TEXT, long: 'x'.repeat(64) },
  capabilities: TAGS,
  maxCapacity: { ...NUMBERS, none: 0, 'too many': 101 },
  soul: { ...FREE_TEXT, long: 'x'.repeat(100_001) },
  'config.dispatchModel': FILLED_TEXT,
  'config.gateway': FILLED_TEXT,
  'config.timeout': NUMBERS,
  'config.extra': METADATA,
};
const WRONG: Record<string, Record<string, Record<string, unknown>>> = {
  createTask: { ...TASK_FIELDS, idempotencyKey: KEY },
  updateTask: TASK_FIELDS,
  completeTask: {
    resolution: { ...FILLED_TEXT, long: 'x'.repeat(100_001) },
    'usage.inputTokens': { 'ten billion': 1e10, negative: -1, fraction: 0.5 },
    'usage.costUsd': { negative: -1, none: Number.NaN },
    idempotencyKey: KEY,
  },
  failTask: { error: { ...FILLED_TEXT, long: 'x'.repeat(50_001) } },
  releaseTask: { reason: { ...FREE_TEXT, long: 'x'.repeat(2_001) } },
  reportProgress: {
    message: { ...FILLED_TEXT, long: 'x'.repeat(2_001) },
    percent: { 'a billion': 1e9, negative: -1, none: Number.NaN },
  },
  renewLease: { lease: LEASE },
  heartbeat: { lease: LEASE },
  submitVerdict: {
    feedback: { ...FREE_TEXT, long: 'x'.repeat(50_001) },
    idempotencyKey: KEY,
    round: { 'a billion': 1e9 },
  },
  addComment: { body: { ...FILLED_TEXT, long: 'x'.repeat(50_001) }, idempotencyKey: KEY },
  cancelTask: { reason: { ...FREE_TEXT, long: 'x'.repeat(2_001) } },
  registerAgent: { name: { NUL: 'a\u0000', space: 'a b', long: 'x'.repeat(64) }, ...AGENT_FIELDS },
  updateAgent: AGENT_FIELDS,
  createApiKey: {
    name: { ...FILLED_TEXT, long: 'x'.repeat(101) },
    expiresAt: { ...INSTANTS, past: new Date('2020-01-01') },
  },
};

const cases = Object.entries(WRONG).flatMap(([verb, fields]) =>
  Object.entries(fields).map(([field, values]) => [verb, field, values] as const),
);

describe('a value that no column can hold or no rule allows', () => {
  it.each(cases)('is refused by %s in %s, with its path', async (verb, field, values) => {
    const before = await contents();
    for (const [name, value] of Object.entries(values)) {
      const [outer = '', inner] = field.split('.');
      const input = inner === undefined ? { [outer]: value } : { [outer]: { [inner]: value } };
      const refused = await namedRefusalsOf(Promise.resolve(VERBS[verb]?.(input as never)));
      expect([name, refused.every((each) => each.startsWith(`INVALID ${field}`))]).toEqual([name, true]);
    }
    expect(await contents()).toEqual(before);
  });

  const contents = async () => {
    const tables = [
      'tasks',
      'agents',
      'task_runs',
      'events',
      'comments',
      'quality_reviews',
      'api_keys',
      'idempotency_keys',
    ];
    const counts = tables.map(
      (table) => `(SELECT jsonb_agg(t ORDER BY t::text) FROM ${table} t) AS ${table}`,
    );
    return (await services.sql(`SELECT ${counts.join(', ')}`))[0];
  };
});

describe('unknown ids and names', () => {
  const wrong = [
    '',
    '\u0000',
    'a\u0000b',
    "' OR true; --",
    '%',
    '_',
    '../..',
    '\ud800',
    'x'.repeat(10_000),
    '1e9',
  ];

  it.each([
    [
      'a task',
      'NOT_FOUND task',
      (task: { id: string }) => updateTask(services, services.admin, { task, title: 'x' }),
    ],
    [
      'a task to assign',
      'NOT_FOUND task',
      (task: { id: string }) => assignTask(services, services.admin, { task }),
    ],
    [
      'a task to cancel',
      'NOT_FOUND task',
      (task: { id: string }) => cancelTask(services, services.admin, { task }),
    ],
    [
      'a task to retry',
      'NOT_FOUND task',
      (task: { id: string }) => retryTask(services, services.admin, { task }),
    ],
    [
      'a task to review',
      'NOT_FOUND task',
      (task: { id: string }) => submitVerdict(services, services.admin, { task, verdict: 'APPROVED' }),
    ],
    [
      'a task to comment on',
      'NOT_FOUND task',
      (task: { id: string }) => addComment(services, services.admin, { task, body: 'x' }),
    ],
    [
      'a task to complete',
      'NOT_FOUND task',
      (task: { id: string }) => completeTask(services, services.admin, { task, resolution: 'x' }),
    ],
    [
      'a comment to reply to',
      'NOT_FOUND inReplyToId',
      (comment: { id: string }) =>
        addComment(services, services.admin, { task: { id }, body: 'x', inReplyToId: comment.id }),
    ],
    [
      'an agent',
      'UNKNOWN_AGENT agent',
      (ref: { id: string }) => updateAgent(services, services.admin, { agent: ref }),
    ],
    [
      'an agent to pause',
      'UNKNOWN_AGENT agent',
      (ref: { id: string }) => pauseAgent(services, services.admin, ref),
    ],
    ['a key', 'NOT_FOUND id', (key: { id: string }) => revokeApiKey(services, services.admin, key.id)],
  ])('are refused for %s', async (_, refusal, call) => {
    for (const each of wrong) expect(await namedRefusalsOf(call({ id: each }))).toEqual([refusal]);
  });

  it('are refused for an agent', async () => {
    for (const name of wrong) {
      expect(await namedRefusalsOf(pauseAgent(services, services.admin, { name }))).toEqual([
        'UNKNOWN_AGENT agent',
      ]);
    }
    const template = { name: agent.name, soulTemplate: '__proto__' };
    expect(await namedRefusalsOf(registerAgent(services, services.admin, template))).toEqual([
      'UNKNOWN_TEMPLATE soulTemplate',
    ]);
  });
});
