import type { GraphQLObjectType } from 'graphql';
import { updateTask } from '../../src/services/tasks/update-task.js';
import { aTask } from '../support/factories/factory.js';
import { createTaskOfOwn } from './seed.js';
import type { Column, World, WorldAnswer } from './world.js';

interface Subscription {
  /** The next result; null at the end. */
  next(): Promise<WorldAnswer | null>;
  close(): void;
}

/** What the key gets of each subscription when a task of `own` changes: `shown`, `hidden`, or the code of the refusal. */
export const SUBSCRIPTIONS: Readonly<Record<string, (world: World, column: Column) => Promise<string>>> = {
  events: (world, column) =>
    seesChange(world, column, 'events(startCursor: true) { type ... on TaskEvent { task { id } } }'),
  tasks: (world, column) => seesChange(world, column, 'tasks { task { id } }'),
  async task(world, column) {
    const { id } = await createTaskOfOwn(world);
    return watch(world, column, `task(ref: { id: "${id}" }) { title }`, async () => 'shown');
  },
  needsAttention: (world, column) => watch(world, column, 'needsAttention { total }', async () => 'shown'),
  overview: (world, column) => watch(world, column, 'overview { agentsTotal }', async () => 'shown'),
};

/** Whether the key gets the change of a task of `own`. */
async function seesChange(world: World, column: Column, query: string): Promise<string> {
  const { services } = world.graph;
  const task = await createTaskOfOwn(world);
  return watch(world, column, query, async (subscription) => {
    await updateTask(services, services.admin, { task: { id: task.id }, title: 'Changed' });
    // Everybody sees a task of the inbox, so all earlier changes have come before it.
    const last = await aTask(services);
    for (;;) {
      const id = taskIdOf(await subscription.next());
      if (id === task.id || id === last.id) return id === task.id ? 'shown' : 'hidden';
    }
  });
}

/** The cells of the change that a key gets of a task that leaves the filter. */
export async function readTaskChange(
  world: World,
  column: Column,
  type: GraphQLObjectType,
): Promise<Readonly<Record<string, unknown>>> {
  const { services } = world.graph;
  const task = await aTask(services);
  const fields = Object.keys(type.getFields()).map((field) => (field === 'task' ? 'task { id }' : field));
  const query = `tasks(filter: { ids: ["${task.id}"], priority: [MEDIUM] }) { ${fields.join(' ')} }`;
  const subscription = await subscribe(world, column, query);
  await subscription.next();
  await updateTask(services, services.admin, { task: { id: task.id }, priority: 'LOW' });
  const result = await subscription.next();
  subscription.close();
  return (result?.data?.tasks ?? {}) as Record<string, unknown>;
}

/** The cells of the event that only a stream sends. */
export async function readStreamStart(
  world: World,
  column: Column,
  type: GraphQLObjectType,
): Promise<Readonly<Record<string, unknown>>> {
  const fields = Object.keys(type.getFields()).map((field) =>
    field === 'actor' ? 'actor { __typename }' : field,
  );
  const query = `events(startCursor: true) { ... on ${type.name} { ${fields.join(' ')} } }`;
  const subscription = await subscribe(world, column, query);
  const result = await subscription.next();
  subscription.close();
  return (result?.data?.events ?? {}) as Record<string, unknown>;
}

/** @param read - reads on after the first result, which says that the stream has begun. */
async function watch(
  world: World,
  column: Column,
  query: string,
  read: (subscription: Subscription) => Promise<string>,
): Promise<string> {
  const subscription = await subscribe(world, column, query);
  try {
    const first = await subscription.next();
    return first?.codes[0] ?? (first === null ? 'hidden' : await read(subscription));
  } finally {
    subscription.close();
  }
}

async function subscribe({ server, secrets }: World, column: Column, query: string): Promise<Subscription> {
  const client = new AbortController();
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${secrets[column]}`,
    },
    body: JSON.stringify({ query: `subscription { ${query} }` }),
    signal: client.signal,
  });
  const results = parseEvents(response.body ?? new ReadableStream());
  return {
    async next() {
      const { value } = await results.next();
      return value ?? null;
    },
    close: () => client.abort(),
  };
}

async function* parseEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<WorldAnswer, undefined> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const piece of body) {
    text += decoder.decode(piece, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = /^data: ?(.+)$/m.exec(block)?.[1];
      if (data !== undefined && /^event: next$/m.test(block)) yield toAnswer(JSON.parse(data));
    }
  }
  if (text.startsWith('{')) yield toAnswer(JSON.parse(text));
}

function toAnswer({
  data = null,
  errors = [],
}: {
  data?: Record<string, unknown> | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}): WorldAnswer {
  return { status: 200, data, codes: errors.map(({ message, extensions }) => extensions?.code ?? message) };
}

function taskIdOf(result: WorldAnswer | null): string | undefined {
  if (result === null) throw new Error('the stream ended');
  const [item] = Object.values(result.data ?? {});
  return (item as { task?: { id: string } | null } | undefined)?.task?.id;
}
