import {
  ApolloClient,
  ApolloLink,
  CombinedGraphQLErrors,
  gql,
  HttpLink,
  InMemoryCache,
} from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { relayStylePagination } from '@apollo/client/utilities';
import { type DocumentNode, OperationTypeNode } from 'graphql';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { bearer, type Client, createClient } from '../support/servers/client.js';
import { aTask, createTasks } from '../support/servers/fleet.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';
import { type RecordedFetch, recordFetch } from '../support/wires/recorded-fetch.js';
import { createSocketClient } from '../support/wires/socket-client.js';

const pageOfTasks = gql`
  query Page($after: Cursor) {
    tasks(first: 2, after: $after, orderBy: { field: CREATED_AT, direction: ASC }) {
      totalCount
      edges { cursor node { id title } }
      pageInfo { startCursor endCursor hasPreviousPage hasNextPage }
    }
  }
`;

const oneTask = gql`query One($id: ID!) { task(ref: { id: $id }) { id title version } }`;

const rename = gql`
  mutation Rename($id: ID!, $title: String!) {
    updateTask(input: { task: { id: $id }, title: $title }) { task { id title version } errors { code message } }
  }
`;

interface Page {
  readonly tasks: { readonly edges: { node: { title: string } }[]; readonly pageInfo: { endCursor: string } };
}
interface One {
  readonly task: { readonly id: string; readonly title: string; readonly version: number };
}

let database: TestDatabase;
let server: ServerProcess;
let admin: Client;
let requests: RecordedFetch;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startServer({ databaseUrl: database.url });
  admin = createClient(server);
});

beforeEach(() => {
  requests = recordFetch();
});

afterAll(async () => {
  await server.stop();
  await database.drop();
});

describe('Apollo Client', () => {
  it('appends page after page of a connection in its cache, and reads them from there', async () => {
    const titles = ['first', 'second', 'third', 'fourth', 'fifth'];
    await createTasks(
      admin,
      titles.map((title) => ({ title })),
    );
    const client = connect();
    const { data } = await client.query<Page>({ query: pageOfTasks });
    let after = data?.tasks.pageInfo.endCursor;
    const list = client.watchQuery<Page>({ query: pageOfTasks, fetchPolicy: 'cache-first' });
    const watching = list.subscribe(() => undefined);
    for (const _page of [2, 3]) {
      const more = await list.fetchMore({ variables: { after } });
      after = more.data?.tasks.pageInfo.endCursor;
    }
    watching.unsubscribe();
    const cached = client.readQuery<Page>({ query: pageOfTasks });
    expect(cached?.tasks.edges.map(({ node }) => node.title)).toEqual(titles);
    expect(cached?.tasks).toMatchObject({ totalCount: 5, pageInfo: { hasNextPage: false } });
    expect(requests.sent).toHaveLength(3);
  });

  it('updates the tasks that it shows from the answers of mutations', async () => {
    const { id } = await aTask(admin, { title: 'before' });
    const client = connect();
    const shown: (string | undefined)[] = [];
    const watching = client
      .watchQuery<One>({ query: oneTask, variables: { id } })
      .subscribe(({ data }) => shown.push(data?.task?.title));
    await expect.poll(() => shown.at(-1)).toBe('before');
    const { data } = await client.mutate({ mutation: rename, variables: { id, title: 'after' } });
    expect(data).toMatchObject({ updateTask: { errors: [] } });
    await expect.poll(() => shown.at(-1)).toBe('after');
    watching.unsubscribe();
  });

  it('follows a task over graphql-ws, and its cache with it', async () => {
    const { id } = await aTask(admin, { title: 'quiet' });
    const socket = createSocketClient(admin);
    const client = connect(
      ApolloLink.split(
        ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
        new GraphQLWsLink(socket),
        httpLink(),
      ),
    );
    const seen: One['task'][] = [];
    const watching = client
      .subscribe<One>({
        query: gql`subscription Follow($id: ID!) { task(ref: { id: $id }) { id title version } }`,
        variables: { id },
      })
      .subscribe(({ data }) => data && seen.push(data.task));
    await expect.poll(() => seen.at(-1)?.title).toBe('quiet');
    await client.mutate({ mutation: rename, variables: { id, title: 'live' } });
    await expect.poll(() => seen.at(-1)?.title).toBe('live');
    const cached = client.readFragment({ id: `Task:${id}`, fragment: gql`fragment Title on Task { title }` });
    expect(cached).toMatchObject({ title: 'live' });
    watching.unsubscribe();
    await socket.dispose();
  });

  it('sends the document after a hash that the server does not store, and no hashes from then on', async () => {
    const { id } = await aTask(admin, { title: 'hashed' });
    const sha256 = vi.fn(() => 'a'.repeat(64));
    const hashes = new PersistedQueryLink({ sha256, useGETForHashedQueries: true });
    const client = connect(hashes.concat(httpLink()));
    for (const _time of [1, 2]) {
      const { data } = await client.query<One>({
        query: oneTask,
        variables: { id },
        fetchPolicy: 'network-only',
      });
      expect(data?.task.title).toBe('hashed');
    }
    expect(requests.sent.map(({ method }) => method)).toEqual(['GET', 'POST', 'POST']);
    expect(requests.sent[0]?.url.searchParams.has('query')).toBe(false);
    expect(requests.sent[2]?.body).not.toContain('persistedQuery');
    expect(sha256).toHaveBeenCalledOnce();
  });

  it.each([
    ['an unknown field', gql`query Bad { nothing }`, 'GRAPHQL_VALIDATION_FAILED'],
    ['a page that is too large', gql`query Bad { tasks(first: 1000) { totalCount } }`, 'BAD_USER_INPUT'],
  ])('throws the errors of the answer, with their code, for %s', async (_what, query, code) => {
    await expectRefused(connect(), query, code);
  });

  it('throws the errors of the answer, with their code, for an unknown key', async () => {
    await expectRefused(
      connect(httpLink('mc_unknown')),
      gql`query Who { viewer { role } }`,
      'UNAUTHENTICATED',
    );
  });
});

async function expectRefused(client: ApolloClient, query: DocumentNode, code: string): Promise<void> {
  const error: unknown = await client.query({ query }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CombinedGraphQLErrors);
  expect((error as CombinedGraphQLErrors).errors).toMatchObject([{ extensions: { code } }]);
}

function connect(link: ApolloLink = httpLink()): ApolloClient {
  const tasks = relayStylePagination(['filter', 'orderBy']);
  return new ApolloClient({
    link,
    cache: new InMemoryCache({ typePolicies: { Query: { fields: { tasks } } } }),
  });
}

function httpLink(secret = admin.secret): HttpLink {
  return new HttpLink({
    uri: `${server.url}/graphql`,
    headers: bearer(secret),
    fetch: requests.fetch,
  });
}
