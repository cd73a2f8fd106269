import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttackedServer, secretTitle, startAttackedServer } from '../support/servers/attacked-server.js';
import type { Client } from '../support/servers/client.js';
import { codesIn, expectHarmless } from '../support/wires/expect-harmless.js';
import { listMutations, listQueries, type Values } from '../support/wires/schema-calls.js';

let besieged: AttackedServer;

beforeAll(async () => {
  besieged = await startAttackedServer();
});

// Runs after all tests of this file.
afterAll(() => besieged.stopUnharmed());

describe('every operation of the schema', () => {
  const text = (value: string) => JSON.stringify(value);
  const texts = (value: string): Values => {
    const quoted = text(value);
    return { ID: quoted, String: quoted, Cursor: quoted, DateTime: quoted, Duration: quoted };
  };
  const cursor = (value: unknown) => text(Buffer.from(JSON.stringify(value)).toString('base64url'));

  it.each<[string, Values]>([
    ['SQL', texts(`x'; DROP TABLE tasks; SELECT pg_sleep(9) --`)],
    ['SQL for numbers', texts('1 OR 1=1')],
    ['an empty text', texts('')],
    ['whitespace', texts(' \t\n ')],
    ['emoji', texts('👩‍👩‍👧‍👦🏴‍☠️')],
    ['right to left', texts('\u202eשלום\u202c')],
    ['control characters', texts('\u0001\u001b[31m\u007f\u0085\u2028')],
    ['names of prototypes', texts('__proto__')],
    ['a path', texts('../../../../etc/passwd')],
    ['a very long text', texts('x'.repeat(60_000))],
    ['very many digits', texts('9'.repeat(400))],
    ['a ref with a huge number', texts(`TASK-${'9'.repeat(30)}`)],
    ['a negative ref', texts('TASK--1')],
    ['an id with a quote', texts(`task_01' OR '1'='1`)],
    ['malformed ids', texts('task_')],
    ['-1', { Int: '-1', Float: '-1', Duration: '"-PT1H"', DateTime: '"-000001-01-01T00:00:00Z"' }],
    [
      '1000000000',
      {
        Int: '1000000000',
        Float: '1e308',
        Duration: '"PT1000000000H"',
        DateTime: '"+275760-09-13T00:00:00Z"',
      },
    ],
    ['numbers beyond 32 bits', { Int: '4294967296', Float: '1e999' }],
    ['fractions', { Int: '1.5', Float: '0.000000000000000001', Duration: '"PT0.0000001S"' }],
    ['texts for numbers', { Int: '"1"', Float: '"NaN"', Boolean: '"true"' }],
    ['days that do not exist', { DateTime: '"2026-02-30T25:61:61Z"', Duration: '"P1Y2M"' }],
    ['the year 0', { DateTime: '"0000-01-01T00:00:00Z"', Duration: '"PT0S"' }],
    ['the year 9999', { DateTime: '"9999-12-31T23:59:59.999Z"', Duration: '"P3650D"' }],
    ['infinity', { DateTime: '"infinity"', Duration: '"Infinity"' }],
    ['a date as a number', { DateTime: '8640000000000001', Duration: '1e309' }],
    ['a cursor that is not a list', { Cursor: cursor({}) }],
    ['a cursor with wrong types', { Cursor: cursor(['tasks', { a: 1 }, [], null]) }],
    ['a cursor with SQL', { Cursor: cursor(['createdAt', "'; --", '1e999']) }],
    [
      'a cursor of another age',
      { Cursor: text(Buffer.from('99999999999999999999.99999999999999999999').toString('base64url')) },
    ],
    ['a cursor below zero', { Cursor: text(Buffer.from('-1.-1').toString('base64url')) }],
    [
      'polluting metadata',
      { JSONObject: '{ __proto__: { role: "ADMIN" }, constructor: { prototype: { isAdmin: true } } }' },
    ],
    ['deep metadata', { JSONObject: `${'{ a: '.repeat(200)}1${' }'.repeat(200)}` }],
    ['lists instead of objects', { JSONObject: '[[[]]]' }],
    [
      'nothing at all',
      { ID: 'null', String: 'null', Cursor: 'null', Int: 'null', DateTime: 'null', JSONObject: 'null' },
    ],
  ])('is harmless with %s in all its arguments', async (_case, values) => {
    await besieged.ask(
      ['AGENT', 'OPERATOR'],
      [...listQueries(values, 'all'), ...listMutations(values, 'all')],
    );
  });

  it('returns nothing for the ids of things that the key may not see', async () => {
    const { admin, clients, secretWork, victim } = besieged;
    const { taskId, runId } = secretWork;
    const comment = await aComment(admin, taskId);
    const { apiKeys } = await admin.ask<{ apiKeys: { nodes: { id: string }[] } }>(
      '{ apiKeys { nodes { id } } }',
    );
    const { task } = await admin.ask<{ task: { events: { nodes: { id: string }[] } } }>(
      'query ($id: ID!) { task(ref: { id: $id }) { events(first: 1) { nodes { id } } } }',
      { id: taskId },
    );
    const before = await besieged.readSecretTask();
    const foreign = [taskId, runId, comment, apiKeys.nodes[0]!.id, task.events.nodes[0]!.id];
    for (const id of foreign) {
      const values = { ID: text(id) };
      const calls = [...listQueries(values), ...listMutations(values)];
      await besieged.ask(['AGENT'], calls, [secretTitle, 'Between us', victim.client.secret]);
      expect(await clients.AGENT.ask('query ($id: ID!) { node(id: $id) { id } }', { id })).toEqual({
        node: null,
      });
    }
    expect(await besieged.readSecretTask()).toEqual(before);
  });
});

describe('an argument', () => {
  it.each(['tasks', 'agents', 'events', 'apiKeys'])(
    '%s for a page that is no page is refused',
    async (list) => {
      for (const size of [
        'first: -1',
        'last: -1',
        'first: 101',
        'last: 1000000000',
        'first: 1, last: 1',
        'after: "x"',
        'before: ""',
      ]) {
        const answer = await besieged.admin.send(`{ ${list}(${size}) { nodes { id } } }`);
        expectHarmless(answer);
        expect([size, codesIn(answer)]).toEqual([size, ['BAD_USER_INPUT']]);
      }
    },
  );

  it.each([
    { waitSeconds: -1 },
    { waitSeconds: 1_000_000_000 },
    { maxCapacity: 0 },
    { maxCapacity: 1_000_000_000 },
    { lease: 'PT0S' },
    { lease: 'PT1000000000S' },
    { idempotencyKey: '' },
  ])('%j of a claim is refused with the name of the field, and nothing is claimed', async (input) => {
    const query =
      'mutation ($input: ClaimNextTaskInput!) { claimNextTask(input: $input) { task { id } errors { code path } } }';
    const answer = await besieged.clients.AGENT.send(query, { input });
    expectHarmless(answer);
    expect(answer.data).toEqual({
      claimNextTask: { task: null, errors: [{ code: 'INVALID', path: Object.keys(input) }] },
    });
  });

  it.each([
    ['SQL', `Robert'); DROP TABLE tasks; --`],
    ['patterns', '%_\\ $1 {{x}} %s \\u0000'],
    ['markup', '<script>alert("x")</script>&amp;'],
    ['emoji', 'a👩‍👩‍👧‍👦🏴‍☠️𝕏'],
    ['right to left', '\u202eשלום عالم\u202c'],
    ['similar characters', 'ﬁ e\u0301 é \u00a0\ufeffo'],
    ['line breaks and control characters', 'a\r\nb\tc\u0001\u001b[31m\u2028d'],
  ])('with %s in it is stored unchanged', async (_case, value) => {
    const { admin } = besieged;
    const { createTask } = await admin.ask<{ createTask: { task: { id: string } } }>(
      'mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } errors { code message } } }',
      {
        input: {
          title: value,
          description: value,
          tags: [value],
          metadata: { [value]: [value] },
          startsAt: '2099-01-01T00:00:00Z',
        },
      },
    );
    const { task } = await admin.ask(
      'query ($id: ID!) { task(ref: { id: $id }) { title description tags metadata } }',
      createTask.task,
    );
    expect(task).toEqual({ title: value, description: value, tags: [value], metadata: { [value]: [value] } });
    const found = await admin.ask<{ tasks: { nodes: object[] } }>(
      'query ($value: String!) { tasks(filter: { search: $value }) { nodes { id } } }',
      { value },
    );
    expect(found.tasks.nodes).toEqual([createTask.task]);
  });

  it.each([
    ['U+0000', 'a\u0000b'],
    ['the first half of a surrogate pair', '\ud83d'],
    ['the second half', 'x\udc69'],
  ])('with %s in it is refused at every position', async (_case, value) => {
    const inputs = [
      { title: value },
      { title: 'x', tags: [value] },
      { title: 'x', metadata: { [value]: 1 } },
      { title: 'x', metadata: { a: [{ b: value }] } },
    ];
    for (const input of inputs) {
      const answer = await besieged.admin.send(
        'mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } errors { code } } }',
        { input },
      );
      expectHarmless(answer);
      expect(answer.text).toMatch(/BAD_USER_INPUT|INVALID/);
      expect(answer.text).not.toContain('task_');
    }
  });

  it('pollutes no prototype: it is returned as plain data or refused', async () => {
    const metadata = JSON.parse('{"constructor": {"prototype": {"isAdmin": true}}}');
    const variables = { input: { title: 'x', metadata, startsAt: '2099-01-01T00:00:00Z' } };
    const query =
      'mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { metadata } errors { code } } }';
    const answer = await besieged.admin.send<{ createTask: { task: { metadata: object } } }>(
      query,
      variables,
    );
    expectHarmless(answer);
    expect(JSON.stringify(answer.data?.createTask.task.metadata)).toBe(JSON.stringify(metadata));
    const withPrototype = JSON.parse('{"__proto__": {"role": "ADMIN"}}');
    const refused = await besieged.admin.send(query, {
      input: { ...variables.input, metadata: withPrototype },
    });
    expect(refused.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(await besieged.clients.VIEWER.ask('{ viewer { role } }')).toEqual({ viewer: { role: 'VIEWER' } });
  });

  it('that is the id of another type finds nothing', async () => {
    const { admin, clients, secretTask, secretWork, victim } = besieged;
    const before = await besieged.readSecretTask();
    const ids = { task: secretTask.id, run: secretWork.runId, agent: victim.id };
    expect(
      await admin.ask(
        `{ a: task(ref: { id: "${ids.run}" }) { id } b: agent(ref: { id: "${ids.task}" }) { id } }`,
      ),
    ).toEqual({ a: null, b: null });
    const refusals = await clients.ADMIN.send<Record<string, { errors: { code: string }[] }>>(`mutation {
      a: completeTask(input: { runId: "${ids.task}", resolution: "x" }) { errors { code } }
      b: releaseTask(input: { runId: "${ids.agent}" }) { errors { code } }
      c: cancelTask(input: { task: { id: "${ids.run}" } }) { errors { code } }
      d: assignTask(input: { task: { id: "${ids.task}" }, assignee: { id: "${ids.run}" } }) { errors { code } }
      e: claimNextTask(input: { agent: { id: "${ids.task}" } }) { errors { code } }
      f: pauseAgent(agent: { id: "${ids.task}" }) { errors { code } }
      g: revokeApiKey(id: "${ids.agent}") { errors { code } }
      h: addComment(input: { task: { id: "${ids.agent}" }, body: "x" }) { errors { code } }
    }`);
    expectHarmless(refusals);
    const codes = Object.values(refusals.data ?? {}).flatMap(({ errors }) => errors.map(({ code }) => code));
    expect(codes).toHaveLength(8);
    for (const code of codes) expect(code).toMatch(/^(NOT_FOUND|UNKNOWN_AGENT)$/);
    expect(await besieged.readSecretTask()).toEqual(before);
  });
});

async function aComment(client: Client, taskId: string): Promise<string> {
  const { addComment } = await client.ask<{ addComment: { comment: { id: string } } }>(
    `mutation ($id: ID!) {
      addComment(input: { task: { id: $id }, body: "Between us" }) { comment { id } errors { code message } }
    }`,
    { id: taskId },
  );
  return addComment.comment.id;
}
