import {
  type AnyVariables,
  type ClientOptions,
  type DocumentInput,
  type Exchange,
  fetchExchange,
  gql,
  type OperationResult,
  subscriptionExchange,
  Client as UrqlClient,
} from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { getIntrospectionQuery, type IntrospectionQuery } from 'graphql';
import type { Sink } from 'graphql-ws';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { bearer, type Client, createClient } from '../support/servers/client.js';
import { aTask, createTasks } from '../support/servers/fleet.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';
import { type RecordedFetch, recordFetch } from '../support/wires/recorded-fetch.js';
import { createSocketClient } from '../support/wires/socket-client.js';

const pageOfTasks = gql`
  query Page($after: Cursor) {
    tasks(first: 2, after: $after, orderBy: { field: CREATED_AT, direction: ASC }) {
      edges { cursor node { id title } }
      pageInfo { startCursor endCursor hasPreviousPage hasNextPage }
    }
  }
`;

const oneTask = gql`query One($id: ID!) { task(ref: { id: $id }) { id title version } }`;

const follow = gql`subscription Follow($id: ID!) { task(ref: { id: $id }) { id title version } }`;

const rename = gql`
  mutation Rename($id: ID!, $title: String!) {
    updateTask(input: { task: { id: $id }, title: $title }) { task { id title version } errors { code message } }
  }
`;

interface Page {
  readonly tasks: {
    readonly edges: { node: { title: string } }[];
    readonly pageInfo: { endCursor: string; hasNextPage: boolean };
  };
}
interface One {
  readonly task: { readonly id: string; readonly title: string; readonly version: number };
}

let database: TestDatabase;
let server: ServerProcess;
let admin: Client;
let schema: IntrospectionQuery;
let requests: RecordedFetch;
/** What graphcache says about the schema and the answers. */
const warnings = vi.fn();

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startServer({ databaseUrl: database.url });
  admin = createClient(server);
  schema = await admin.ask<IntrospectionQuery>(getIntrospectionQuery());
});

beforeEach(() => {
  requests = recordFetch();
});

afterEach(() => expect(warnings).not.toHaveBeenCalled());

afterAll(async () => {
  await server.stop();
  await database.drop();
});

describe('urql with graphcache', () => {
  it('sends a short query by GET with the key and no header of its own', async () => {
    const { id } = await aTask(admin, { title: 'short' });
    const { data, error } = await connect().query<One>(oneTask, { id });
    expect([data?.task.title, error]).toEqual(['short', undefined]);
    expect(requests.sent.map(({ method }) => method)).toEqual(['GET']);
    expect([...(requests.sent[0]?.headers.keys() ?? [])].sort()).toEqual(['accept', 'authorization']);
  });

  it('joins the pages of a connection in its cache, which knows the schema', async () => {
    const titles = ['first', 'second', 'third', 'fourth', 'fifth'];
    await createTasks(
      admin,
      titles.map((title) => ({ title: `paged ${title}` })),
    );
    const client = connect();
    let after: string | null = null;
    let last: OperationResult<Page> | undefined;
    do {
      last = await client.query<Page>(pageOfTasks, { after });
      after = last.data?.tasks.pageInfo.hasNextPage ? last.data.tasks.pageInfo.endCursor : null;
    } while (after);
    const shown = last.data?.tasks.edges.map(({ node }) => node.title);
    expect(shown?.filter((title) => title.startsWith('paged'))).toEqual(
      titles.map((title) => `paged ${title}`),
    );
  });

  it('updates the tasks that it shows from the answers of mutations', async () => {
    const { id } = await aTask(admin, { title: 'before' });
    const client = connect();
    const shown = watch<One>(client, oneTask, { id });
    await expect.poll(() => shown.at(-1)?.task.title).toBe('before');
    const { data } = await client.mutation(rename, { id, title: 'after' });
    expect(data).toMatchObject({ updateTask: { errors: [] } });
    await expect.poll(() => shown.at(-1)?.task.title).toBe('after');
    expect(requests.sent.map(({ method }) => method)).toEqual(['GET', 'POST']);
  });

  it('follows a task over graphql-ws, and its cache with it', async () => {
    const socket = createSocketClient(admin);
    const overSocket = subscriptionExchange({
      forwardSubscription: ({ query = '', variables }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink as Sink) }),
      }),
    });
    await expectToFollow(connect({}, overSocket));
    await socket.dispose();
  });

  it('follows a task by the event stream of its own fetch, and its cache with it', async () => {
    await expectToFollow(connect({ fetchSubscriptions: true }));
    expect(requests.sent.at(-1)?.headers.get('accept')).toContain('text/event-stream');
  });

  it('sends by POST what is too long for a URL', async () => {
    const tasks = await createTasks(
      admin,
      Array.from({ length: 100 }, () => ({ title: 'one of many' })),
    );
    const ids = tasks.map(({ id }) => id);
    const { data, error } = await connect().query(gql`query Many($ids: [ID!]!) { nodes(ids: $ids) { id } }`, {
      ids,
    });
    expect([data?.nodes.length, error]).toEqual([100, undefined]);
    expect(requests.sent.map(({ method }) => method)).toEqual(['POST']);
  });
});

/** Expects that a change that another client makes is shown, while the task is followed. */
async function expectToFollow(client: UrqlClient): Promise<void> {
  const { id } = await aTask(admin, { title: 'quiet' });
  const shown = watch<One>(client, oneTask, { id });
  await expect.poll(() => shown.at(-1)?.task.title).toBe('quiet');
  const received = vi.fn();
  const following = client.subscription<One>(follow, { id }).subscribe(received);
  await expect.poll(() => received).toHaveBeenCalledOnce();
  await admin.ask(rename.loc?.source.body ?? '', { id, title: 'live' });
  await expect.poll(() => shown.at(-1)?.task.title).toBe('live');
  following.unsubscribe();
}

function connect(options: Partial<ClientOptions> = {}, ...subscriptions: Exchange[]): UrqlClient {
  const cache = cacheExchange({
    schema,
    resolvers: { Query: { tasks: relayPagination() } },
    logger: (severity, message) => void (severity === 'debug' || warnings(message)),
  });
  return new UrqlClient({
    url: `${server.url}/graphql`,
    exchanges: [cache, fetchExchange, ...subscriptions],
    fetchOptions: { headers: bearer(admin.secret) },
    fetch: requests.fetch,
    ...options,
  });
}

function watch<Data>(
  client: UrqlClient,
  query: DocumentInput<Data, AnyVariables>,
  variables: AnyVariables,
): Data[] {
  const shown: Data[] = [];
  client.query(query, variables).subscribe(({ data }) => data && shown.push(data));
  return shown;
}
