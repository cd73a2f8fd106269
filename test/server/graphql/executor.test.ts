import fc from 'fast-check';
import {
  type DocumentNode,
  type ExecutionArgs,
  execute,
  getNamedType,
  isInterfaceType,
  isObjectType,
  parse,
  validate,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StatementCut } from '../../../src/kernel/statement-cut.js';
import { createExecutor, isCompilable } from '../../../src/server/graphql/executor.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { addComment } from '../../../src/services/tasks/add-comment.js';
import { claimFor } from '../../support/factories/claims.js';
import { anAgent, aTask } from '../../support/factories/factory.js';
import { type Graph, openGraph, schema } from '../../support/graphql/graph.js';
import { untilLogIsReadable } from '../../support/postgres/readable-log.js';
import { randomQuery } from '../../support/wires/random-query.js';
import { createSmallSchema } from '../../support/wires/small-schema.js';

const written = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/**
 * An answer with the indices in the paths of its errors left out. If several entries of a list fail and the list may not
 * contain null, GraphQL leaves open which entry is reported: the one that fails first.
 */
function comparable(answer: unknown): unknown {
  const { errors = [], ...rest } = JSON.parse(JSON.stringify(answer)) as {
    errors?: { path?: (string | number)[]; locations?: unknown }[];
  };
  const anywhere = errors.map(({ path = [], ...error }) =>
    JSON.stringify({ ...error, path: path.map((step) => (typeof step === 'number' ? '*' : step)) }),
  );
  return { ...rest, errors: [...new Set(anywhere)].sort() };
}

describe('compiled queries over the whole graph', () => {
  let graph: Graph;
  let taskId: string;

  beforeAll(async () => {
    graph = await openGraph();
    const { services } = graph;
    const [scout, iris] = [
      await anAgent(services, { name: 'scout' }),
      await anAgent(services, { name: 'iris' }),
    ];
    const first = await aTask(services, { title: 'first', assignee: { id: scout.id }, tags: ['a', 'b'] });
    taskId = first.id;
    await aTask(services, { title: 'second', dependsOn: [{ id: first.id }], dueAt: new Date('2040-01-01') });
    await aTask(services, {
      title: 'third',
      assignee: { id: iris.id },
      metadata: { deep: { list: [1, null] } },
    });
    const { run } = await claimFor(services, scout);
    await completeTask(services, services.admin, { runId: run!.id, resolution: 'done' });
    await submitVerdict(services, services.admin, {
      task: { id: first.id },
      verdict: 'REJECTED',
      feedback: 'no',
    });
    await addComment(services, services.admin, { task: { id: first.id }, body: 'a comment' });
    await claimFor(services, iris);
    // Otherwise the log could show more events in the second run of a query than in the first.
    await untilLogIsReadable(services.database.pool);
  });
  afterAll(() => graph.close());

  /** Fields whose type is an interface. A query that selects one is not compiled. */
  const OF_INTERFACES = Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) || isInterfaceType(type))
    .flatMap((type) => Object.values(type.getFields()))
    .filter((field) => isInterfaceType(getNamedType(field.type)))
    .map(({ name }) => name);

  const queries = (avoided: readonly string[]) =>
    randomQuery(schema, {
      // Times that change between two runs, and fields that call other systems.
      avoided: new Set([
        'throughput',
        'gateways',
        'schedulerJobs',
        'nextRuns',
        'previewSchedule',
        ...avoided,
      ]),
      values: {
        first: ['0', '1', '2', '3', '-1'],
        ref: ['{ ref: "TASK-1" }', '{ ref: "TASK-99" }', '{ name: "iris" }', `{ id: "${taskId}" }`],
        id: [`"${taskId}"`, '"task_01k00000000000000000000000"', '"x"'],
        ids: [`["${taskId}", "x"]`, '[]'],
        agent: ['{ name: "scout" }'],
        title: ['"Debug the migration"'],
        name: ['"nothing"'],
        priority: ['LOW', 'CRITICAL'],
      },
    });

  it('answer random queries like graphql-js, including errors', async () => {
    let compared = 0;
    let faultless = 0;
    let compiled = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(queries([]), queries(OF_INTERFACES)), async (query) => {
        const document = parse(query);
        // A task's ref is not valid for an agent.
        if (validate(schema, document).length > 0) return;
        const run = createExecutor(1);
        const args = (): ExecutionArgs => ({
          schema,
          document,
          contextValue: graph.contextFor(graph.services.admin),
        });
        const answer = await execute(args());
        const expected = written(answer);
        expect(comparable(await run(args()))).toEqual(comparable(answer));
        compared += 1;
        if (isCompilable(schema, document)) compiled += 1;
        if (!JSON.stringify(expected).includes('"errors":[{"message"')) faultless += 1;
      }),
      { numRuns: 60 },
    );
    // The property would also hold if all queries were refused. About fifty are answered; forty allows for the randomness.
    expect(compared).toBeGreaterThan(25);
    expect(faultless).toBeGreaterThan(10);
    expect(compiled).toBeGreaterThan(5);
  });
});

describe('a query', () => {
  it.each([
    ['{ tasks(first: 2) { nodes { id title assignee { id name } } } }', true],
    [
      'query ($ref: TaskRef!) { task(ref: $ref) { ...names } } fragment names on Task { ref dependsOn { ref } }',
      true,
    ],
    ['query ($no: Boolean = false) { viewer { role @skip(if: $no) } }', false],
    ['{ tasks { nodes { createdBy { displayName } } } }', false],
    ['{ node(id: "x") { id } }', false],
    ['{ tasks { nodes { ...told } } } fragment told on Task { events { nodes { type } } }', false],
  ])('%s is compiled: %s', (query, expected) => {
    expect(isCompilable(schema, parse(query))).toBe(expected);
  });

  it('with nested interfaces is answered without compiling it for each of their types', async () => {
    let asked = 'id';
    for (let level = 0; level < 6; level += 1)
      asked = `events { nodes { id actor { displayName } ... on TaskEvent { task { ref ${asked} } } } }`;
    const document = parse(`{ tasks { nodes { ${asked} } } }`);
    const args = { schema, document, contextValue: {} };
    expect(validate(schema, document)).toEqual([]);
    expect(written(await createExecutor(1)(args))).toEqual(written(await execute(args)));
  });
});

describe('an executor', () => {
  const small = createSmallSchema({ log: [], given: 0, release: () => undefined });
  const contextValue = {
    viewer: { keyId: 'key_1' },
    requestId: 'req_1',
    signal: new AbortController().signal,
  };
  const argsFor = (document: DocumentNode, more: Partial<ExecutionArgs> = {}): ExecutionArgs => ({
    schema: small,
    document,
    contextValue,
    ...more,
  });

  it.each([
    '{ hello fault }',
    '{ faultNonNull hello }',
    '{ self { self { faultNonNull } hello } }',
    '{ list(size: 2) { id item { name } } badInt }',
    '{ refused uncoded unavailable }',
    'query ($v: Int!) { number(value: $v) }',
    'query ($v: Even!) { even(value: $v) }',
    'query ($c: Colour!) { paint(colour: $c) }',
  ])('answers %s like graphql-js for valid and invalid variables, at first and later', async (query) => {
    const run = createExecutor(2);
    const document = parse(query);
    for (const variableValues of [{}, { v: 2, c: 'RED' }, { v: 'x', c: 'BLUE' }, { v: 3, c: null }]) {
      const expected = written(await execute(argsFor(document, { variableValues })));
      for (let time = 0; time < 3; time += 1)
        expect(written(await run(argsFor(document, { variableValues })))).toEqual(expected);
    }
  });

  it('distinguishes the operations of one document', async () => {
    const run = createExecutor(1);
    const document = parse('query a { hello } query b { whoAmI }');
    for (let time = 0; time < 2; time += 1) {
      expect(await run(argsFor(document, { operationName: 'a' }))).toEqual({
        data: { hello: 'Hello world' },
      });
      expect(await run(argsFor(document, { operationName: 'b' }))).toEqual({ data: { whoAmI: 'key_1' } });
      expect(written(await run(argsFor(document)))).toEqual(written(await execute(argsFor(document))));
    }
  });

  it('runs a compiled query once if the database stops it', async () => {
    const hello = small.getQueryType()!.getFields().hello!;
    const resolve = hello.resolve!;
    let calls = 0;
    hello.resolve = async () => {
      calls += 1;
      throw new StatementCut(5_000);
    };
    const result = await createExecutor(1)(argsFor(parse('{ hello }')));
    hello.resolve = resolve;
    expect(calls).toBe(1);
    expect(written(result)).toEqual({
      data: null,
      errors: [
        {
          message: expect.stringContaining('stopped this query after 5 seconds'),
          path: ['hello'],
          extensions: { code: 'QUERY_TOO_COMPLEX' },
        },
      ],
    });
  });

  it('runs a mutation once, whether it succeeds or fails', async () => {
    let calls = 0;
    const rename = small.getMutationType()!.getFields().fault!;
    const resolve = rename.resolve!;
    rename.resolve = (...args) => {
      calls += 1;
      return resolve(...args);
    };
    const run = createExecutor(1);
    const result = await run(argsFor(parse('mutation { fault }')));
    rename.resolve = resolve;
    expect(result.errors).toHaveLength(1);
    expect(calls).toBe(1);
  });
});
