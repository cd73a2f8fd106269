import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { parseLogCursor } from '../../src/domain/events/log-cursor.js';
import { createClient } from '../../src/sdk/client.js';
import { createCaller } from '../../src/sdk/http/caller.js';
import { createFollowers } from '../../src/sdk/streams/followers.js';
import { subscribeOverSse } from '../../src/sdk/streams/sse.js';
import type { StreamRecord } from '../record.js';
import { readPlainEvents } from './plain-events.js';
import type { Scene } from './scene.js';

/** A subscriber: where it connects, with which key, and what it asks for. */
export interface Subscription {
  readonly stream: StreamRecord;
  readonly key: string;
  /** The door that it uses. Plain events use another one with each connection. */
  readonly door: string;
  /** The cursor after which it begins; null for now. */
  readonly cursor: string | null;
}

/** The position that a cursor names. */
export function positionOf(cursor: string): number {
  const parsed = parseLogCursor(cursor);
  if (!('position' in parsed)) throw new Error(`${cursor} is a cursor from before positions`);
  return Number(parsed.position);
}

/** Follows the log and records every event, until the signal ends it. */
export function subscribe(scene: Scene, subscription: Subscription, signal: AbortSignal): Promise<void> {
  const { stream } = subscription;
  if (stream.transport === 'plain') return followPlain(scene, subscription, signal);
  return followWithSdk(subscription, signal);
}

async function followWithSdk(
  { stream, key, door, cursor }: Subscription,
  signal: AbortSignal,
): Promise<void> {
  const options = { url: door, apiKey: key };
  const { followEvents } =
    stream.transport === 'websocket'
      ? createClient({ ...options, WebSocket })
      : createFollowers(subscribeOverSse(createCaller(options).sender));
  const filter = stream.types === null ? null : { types: [...stream.types] };
  try {
    for await (const item of followEvents({ after: cursor, filter, signal })) {
      if (item.type === 'stream.cursor_expired') stream.complaints.push('its cursor was refused');
      else if (item.type === 'stream.connected') noteConnection(stream, item.cursor);
      else if ('id' in item && item.cursor !== null) note(stream, item.cursor, item.type);
    }
  } catch (error) {
    if (!signal.aborted) stream.complaints.push(`it ended with ${String(error)}`);
  }
}

async function followPlain(scene: Scene, subscription: Subscription, signal: AbortSignal): Promise<void> {
  const { stream, key } = subscription;
  const random = scene.randomOf(stream.name);
  let cursor = subscription.cursor;
  while (!signal.aborted) {
    await readPlainEvents({
      ...{ door: random.pick(scene.doors()), key, types: stream.types, after: cursor, signal },
      onConnect: () => (stream.connections += 1),
      onEvent(event) {
        note(stream, event.cursor, event.type);
        cursor = event.cursor;
      },
      onRefusal: (text) => stream.complaints.push(text),
    });
    if (!signal.aborted) await delay(random.between(50, 400));
  }
}

function noteConnection(stream: StreamRecord, cursor: string): void {
  stream.connections += 1;
  stream.after ??= positionOf(cursor);
}

function note(stream: StreamRecord, cursor: string, type: string): void {
  stream.seen.push({ position: positionOf(cursor), type });
}
