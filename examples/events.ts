import {
  EndOfLogDocument,
  TaskEventsDocument,
  type TaskEventsSubscription,
} from '../src/generated/operations.js';
import { type Client, pause, Refused } from './client.js';

/** An event of a task, with the fields that the program prints. */
export interface TaskEvent {
  readonly cursor: string;
  readonly type: string;
  readonly at: string;
  readonly actor: { readonly displayName: string };
  readonly task: {
    readonly id: string;
    readonly ref: string;
    readonly title: string;
    readonly assignee: { readonly name: string } | null;
  };
  readonly reason: string | null;
}

/** Codes after which a stream can resume from its last cursor. */
const RESUMABLE = new Set(['UNAVAILABLE', 'SUBSCRIBER_TOO_SLOW']);

/** The cursor of the end of the log. A stream from here receives all later events. */
export async function findEndOfLog(client: Client): Promise<string> {
  const { events } = await client.ask(EndOfLogDocument, {});
  if (events.pageInfo.endCursor === null)
    throw new Error('The log is empty: is this a Mission Control server?');
  return events.pageInfo.endCursor;
}

/** Yields every event after the cursor once and in order, across lost connections and restarts of the server. */
export async function* followEvents(
  client: Client,
  after: string,
  signal: AbortSignal,
): AsyncGenerator<TaskEvent> {
  let cursor = after;
  while (!signal.aborted) {
    try {
      const stream = client.subscribe(TaskEventsDocument, { after: cursor }, signal);
      for await (const { events: event } of stream) {
        const taskEvent = toTaskEvent(event);
        if (taskEvent) yield taskEvent;
        cursor = event.cursor;
      }
    } catch (error) {
      if (error instanceof Refused && !RESUMABLE.has(error.code)) throw error;
    }
    await pause(250, signal);
  }
}

function toTaskEvent(event: TaskEventsSubscription['events']): TaskEvent | null {
  if (!('task' in event) || event.task === null) return null;
  return { ...event, task: event.task, reason: ('reason' in event ? event.reason : null) ?? null };
}

/** `09:31:02.123  task.claimed     TASK-12  otto     Count the words of README.md` */
export function formatEvent({ at, type, task, actor, reason }: TaskEvent): string {
  const columns = [at.slice(11, 23), type.padEnd(18), task.ref.padEnd(8), actor.displayName.padEnd(6)];
  return `${columns.join('  ')}  ${reason ?? task.title}`;
}
