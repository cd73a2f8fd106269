import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildSchema } from '../../../src/graphql/schema.js';
import { startTestServer, type TestServer } from '../../support/servers/test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ schema: buildSchema() });
});
afterAll(() => server.stop());

async function messageOf(query: string, variables: object = {}) {
  const { json } = await server.post({ query, variables });
  expect(json.errors).toHaveLength(1);
  return json.errors?.[0]?.message;
}

const create = (input: string) => `mutation { createTask(input: ${input}) { task { id } } }`;
const CREATE = 'mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } } }';

describe('a value of a document', () => {
  it('that a scalar refuses is named by its field', async () => {
    expect(await messageOf(create('{title: "a", dueAt: "tomorrow"}'))).toMatch(
      /^At "input\.dueAt": .*DateTime/,
    );
    expect(await messageOf(create('{title: 7}'))).toMatch(/^At "input\.title": String cannot represent/);
    expect(await messageOf('{ tasks(first: "5") { nodes { id } } }')).toMatch(
      /^At "first": Int cannot represent/,
    );
  });

  it('that no enum has is answered with the values of the enum', async () => {
    expect(await messageOf(create('{title: "a", priority: URGENT}'))).toMatch(
      /^At "input\.priority": .*It is one of CRITICAL, HIGH, LOW, MEDIUM\.$/,
    );
  });

  it('that stands for an object is answered with what the object looks like', async () => {
    expect(await messageOf(create('{title: "a", assignee: "py"}'))).toMatch(
      /^At "input\.assignee": .*Write \{id: …\} or \{name: …\}\.$/,
    );
    expect(await messageOf('mutation { createTask(input: "a") { task { id } } }')).toMatch(
      /^At "input": .*Write an object: \{title: …\}\.$/,
    );
  });

  it('is named in the same words when the document is sent again', async () => {
    const document = create('{title: "again", assignee: "py"}');
    const first = await messageOf(document);
    for (let again = 0; again < 3; again += 1) expect(await messageOf(document)).toBe(first);
  });

  it('is named within a list as well', async () => {
    const message = await messageOf(create('{title: "a", dependsOn: [{id: "task_1"}, "TASK-2"]}'));
    expect(message).toMatch(/^At "input\.dependsOn": .*Write /);
  });
});

describe('a value of a variable', () => {
  it.each([
    [{ title: 'a', assignee: 'py' }, /at "input\.assignee".*Write \{id: …\} or \{name: …\}\.$/],
    [{ title: 'a', priority: 'URGENT' }, /at "input\.priority".*It is one of CRITICAL, HIGH, LOW, MEDIUM\.$/],
    ['a', /CreateTaskInput.*Write an object: \{title: …\}\.$/],
  ])('is answered with what it may be (%j)', async (input, message) => {
    expect(await messageOf(CREATE, { input })).toMatch(message);
  });

  it('of another type than the position is answered with what the position takes', async () => {
    const query = `mutation ($name: String!) { createTask(input: {title: "a", assignee: $name}) { task { id } } }`;
    expect(await messageOf(query, { name: 'py' })).toMatch(
      /expecting type "AgentRef".*Write \{id: …\} or \{name: …\}\.$/,
    );
  });
});
