import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { lastCursor } from '../support/servers/acknowledged-work.js';
import { bearer, type Client, createClient } from '../support/servers/client.js';
import { aTask, createTasks } from '../support/servers/fleet.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';
import { createSocketClient } from '../support/wires/socket-client.js';

const require = createRequire(import.meta.url);
/** The path of the compiler for this platform, which the package contains. */
const compiler: string = require('relay-compiler');

/** The module of a component, with all that Relay requires of a schema: `Node`, connections, edges and payloads. */
const component = `
import { graphql } from 'relay-runtime';

graphql\`
  query TaskListQuery { ...TaskList_query }
\`;
graphql\`
  fragment TaskList_query on Query
  @refetchable(queryName: "TaskListPageQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "Cursor" }) {
    tasks(first: $count, after: $cursor, orderBy: { field: CREATED_AT, direction: ASC })
    @connection(key: "TaskList_tasks") {
      edges { node { id ...TaskList_task } }
    }
  }
\`;
graphql\`
  fragment TaskList_task on Task
  @refetchable(queryName: "TaskListCommentsQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "Cursor" }) {
    title
    comments(first: $count, after: $cursor) @connection(key: "TaskList_comments") {
      edges { node { body } }
    }
  }
\`;
graphql\`
  mutation TaskListCreateMutation($input: CreateTaskInput!, $connections: [ID!]!) {
    createTask(input: $input) {
      task @appendNode(connections: $connections, edgeTypeName: "TaskEdge") { id title }
      errors { code message }
    }
  }
\`;
graphql\`
  subscription TaskListSubscription($after: Cursor) {
    events(after: $after) { __typename ... on TaskEvent { task { id ...TaskList_task } } }
  }
\`;
`;

interface Connection<Node> {
  readonly edges: { readonly node: Node }[];
  readonly pageInfo: { readonly endCursor: string; readonly hasNextPage: boolean };
}

let database: TestDatabase;
let server: ServerProcess;
let admin: Client;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startServer({ databaseUrl: database.url });
  admin = createClient(server);
  folder = await mkdtemp(join(tmpdir(), 'mission-control-relay-'));
  await compile();
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await server.stop();
  await database.drop();
});

describe("the operations that Relay's compiler makes of the schema that the server serves", () => {
  it('read a connection page by page', async () => {
    const titles = ['first', 'second', 'third', 'fourth', 'fifth'];
    await createTasks(
      admin,
      titles.map((title) => ({ title })),
    );
    const query = await textOf('TaskListPageQuery');
    const pages: string[][] = [];
    let cursor: string | null = null;
    do {
      const { tasks }: { tasks: Connection<{ title: string }> } = await admin.ask(query, {
        count: 2,
        cursor,
      });
      pages.push(tasks.edges.map(({ node }) => node.title));
      cursor = tasks.pageInfo.hasNextPage ? tasks.pageInfo.endCursor : null;
    } while (cursor);
    expect(pages).toEqual([['first', 'second'], ['third', 'fourth'], ['fifth']]);
    expect(await admin.ask(await textOf('TaskListQuery'))).toMatchObject({
      tasks: { edges: [{ node: { __typename: 'Task' } }, {}] },
    });
  });

  it('read a connection of a task again by the id of the task', async () => {
    const { id } = await aTask(admin, { title: 'discussed' });
    for (const body of ['one', 'two', 'three'])
      await admin.ask(
        'mutation ($input: AddCommentInput!) { addComment(input: $input) { errors { code message } } }',
        { input: { task: { id }, body } },
      );
    const query = await textOf('TaskListCommentsQuery');
    const read = async (cursor: string | null) =>
      (await admin.ask<{ node: { comments: Connection<{ body: string }> } }>(query, { id, cursor })).node
        .comments;
    const first = await read(null);
    const second = await read(first.pageInfo.endCursor);
    expect([first, second].map(({ edges }) => edges.map(({ node }) => node.body))).toEqual([
      ['one', 'two'],
      ['three'],
    ]);
  });

  it('create a task, whose edge Relay makes itself', async () => {
    const query = await textOf('TaskListCreateMutation');
    const { createTask } = await admin.ask(query, { input: { title: 'made by Relay' } });
    expect(createTask).toMatchObject({ task: { title: 'made by Relay' }, errors: [] });
  });

  it('follow the log over graphql-ws', async () => {
    const socket = createSocketClient(admin);
    const query = await textOf('TaskListSubscription');
    const after = await lastCursor(admin);
    const { id } = await aTask(admin, { title: 'followed' });
    const log = socket.iterate<{ events: { task: { id: string } } }>({ query, variables: { after } });
    // The cursor may be that of an older event, because the log shows an event a moment after its commit.
    for await (const { data } of log) {
      if (data?.events.task.id !== id) continue;
      expect(data.events).toMatchObject({ __typename: 'TaskCreatedEvent', task: { title: 'followed' } });
      break;
    }
    await socket.dispose();
  });
});

/** Compiles the component against the schema of the server. */
async function compile(): Promise<void> {
  const response = await fetch(`${server.url}/graphql/schema.graphql`, { headers: bearer(admin.secret) });
  const config = {
    src: './src',
    schema: './schema.graphql',
    language: 'typescript',
    artifactDirectory: './artifacts',
  };
  await Promise.all(['src', 'artifacts'].map((name) => mkdir(join(folder, name))));
  await writeFile(join(folder, 'schema.graphql'), await response.text());
  await writeFile(join(folder, 'src', 'TaskList.ts'), component);
  await writeFile(join(folder, 'relay.config.json'), JSON.stringify(config));
  await promisify(execFile)(compiler, ['relay.config.json'], { cwd: folder });
}

/** The document that Relay's runtime sends for an operation. */
async function textOf(name: string): Promise<string> {
  const artifact = await readFile(join(folder, 'artifacts', `${name}.graphql.ts`), 'utf8');
  const [, text] = /^ {4}"text": (".*")$/m.exec(artifact) ?? [];
  if (text === undefined) throw new Error(`the artifact of ${name} has no text`);
  return JSON.parse(text);
}
