import * as z from 'zod';
import type { CallOptions, Client } from '../../sdk/index.js';
import { isRecord } from '../../verbs/coerce.js';
import { maybeText, maybeWords, text } from '../../verbs/fields.js';
import { verbOf } from '../../verbs/registry.js';
import { effects } from '../../verbs/verb.js';
import { briefTask, compactRecord, outputOf, type ToolOutput } from '../output.js';
import { callVerb, defineTool, type Tool } from '../tool.js';
import { MAX_WAIT_SECONDS, waitSeconds } from './waiting.js';

/** The events of one answer: a model reads all of them. */
const MAX_EVENTS = 50;

/** Events of one change come together. After the first one the tool waits this long for the others, in milliseconds. */
const FURTHER_EVENTS_MS = 100;

const lastEvents = callVerb('events list');

const waitForEvents = defineTool({
  name: 'wait_for_events',
  title: 'Wait for events',
  description:
    'Waits until something happens, and answers with the events and a cursor. Call it again with after = cursor to miss nothing. An empty list means that the time is over.',
  input: z.strictObject({
    types: maybeWords('Types or families: task, review, run.progress.'),
    task: maybeText('Only about this task.'),
    agent: maybeText('Only about this agent.'),
    after: maybeText('The cursor of an answer; from now on if left out.'),
    waitSeconds: waitSeconds.default(MAX_WAIT_SECONDS),
  }),
  output: outputOf({ events: 'array', 'cursor?': 'string' }),
  effect: effects.reads,
  call: ({ client }, { waitSeconds: seconds = MAX_WAIT_SECONDS, ...filter }, { signal }) =>
    collectEvents(client, filter, { signal, ms: seconds * 1_000 }),
});

interface Wait extends CallOptions {
  readonly ms: number;
}

type Filter = Readonly<Record<string, unknown>>;

/** What has happened already is answered at once, also without time to wait: a model may poll. */
async function collectEvents(client: Client, filter: Filter, wait: Wait): Promise<ToolOutput> {
  const { after, events } = await pastEvents(client, filter, wait);
  if (events.length > 0 || wait.ms === 0) return answerOf(events, after);
  return nextEvents(client, { ...filter, after }, wait);
}

/** The events after the cursor of the filter; without one none, and the cursor of the last event that the key may see. */
async function pastEvents(client: Client, filter: Filter, { signal }: Wait) {
  const isNew = filter.after === undefined;
  const asked = isNew ? { limit: 1 } : { ...filter, limit: MAX_EVENTS };
  const { data } = await lastEvents.run(client, asked, { signal });
  const found = Array.isArray(data) ? data.filter(isRecord) : [];
  const after: unknown = found.at(-1)?.cursor ?? filter.after;
  return { after, events: isNew ? [] : found.map(compactRecord) };
}

function answerOf(events: readonly unknown[], cursor: unknown): ToolOutput {
  return { events, ...(typeof cursor === 'string' ? { cursor } : {}) };
}

async function nextEvents(client: Client, filter: Filter, { signal, ms }: Wait): Promise<ToolOutput> {
  const ending = new AbortController();
  const end = () => ending.abort();
  signal?.addEventListener('abort', end);
  let timer = setTimeout(end, ms);
  const events: unknown[] = [];
  let cursor = filter.after;
  try {
    for await (const item of followEvents(client, filter, ending.signal)) {
      cursor = item.cursor ?? cursor;
      if (isNotice(item)) continue;
      events.push(compactRecord(item));
      if (events.length >= MAX_EVENTS) break;
      clearTimeout(timer);
      timer = setTimeout(end, FURTHER_EVENTS_MS);
    }
  } catch (error) {
    if (!ending.signal.aborted) throw error;
    signal?.throwIfAborted();
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
  return answerOf(events, cursor);
}

async function* followEvents(client: Client, filter: Filter, signal: AbortSignal) {
  const watch = verbOf('events watch');
  if (watch.kind !== 'stream') return;
  for await (const { data } of watch.open(client, filter, { signal })) if (isRecord(data)) yield data;
}

/** What happens to the stream itself is no event of the log. */
function isNotice({ type }: Readonly<Record<string, unknown>>): boolean {
  return typeof type === 'string' && type.startsWith('stream.');
}

const createTask = callVerb('task create');

const delegateTask = defineTool({
  name: 'delegate_task',
  title: 'Delegate a task',
  description:
    'Hands a piece of work to another agent and answers at once, or runs as a task. Wait for it with wait_for_events (task = its ref, after = cursor), then read the result with get_task.',
  input: z.strictObject({
    title: text('What to do, in one line.'),
    description: maybeText('What to do, in detail. The agent knows nothing else.'),
    assignee: maybeText('The agent. If left out, any agent may claim it.'),
    idempotencyKey: maybeText('For safe retries.'),
  }),
  output: outputOf({ task: 'object', 'cursor?': 'string' }),
  effect: createTask.effect,
  startsTask: true,
  async call({ client }, input, options) {
    // The cursor is read first, so that no event of the task can come before it.
    const { data: last } = await lastEvents.run(client, { limit: 1 }, options);
    const { data } = await createTask.run(client, input, options);
    const cursor: unknown = Array.isArray(last) && isRecord(last[0]) ? last[0].cursor : undefined;
    return { task: briefTask(data), ...(typeof cursor === 'string' ? { cursor } : {}) };
  },
});

export const eventTools: readonly Tool[] = [waitForEvents, delegateTask];
