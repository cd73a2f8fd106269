import { setTimeout as pause } from 'node:timers/promises';
import { LOG_START, type LogPosition } from '../domain/events/log-position.js';
import { createAlarm } from '../kernel/alarm.js';
import { backoffMs } from '../kernel/backoff.js';
import { randomFraction } from '../kernel/ids.js';
import type { Instrument } from '../kernel/instrument.js';
import type { Service } from '../kernel/service.js';
import type { Database } from '../postgres/database.js';
import { isOutage } from '../postgres/outage.js';
import { type LogFilter, type LogPage, readLog, readLogBounds } from '../store/events/event-log.js';

/** The maximum number of entries of one read. */
const BATCH = 500;

/** The shortest time between two reads, in milliseconds. Under load one read takes the entries of that time together. */
const SPACING_MS = {
  subscribed: 8,
  /** Without subscribers only this process uses the entries. The delay is not visible, and a busy log is read less often. */
  unsubscribed: 20,
};

/** How long to wait for the bell, in milliseconds, before the next read. */
const POLL_MS = {
  /** The process listens, so a ring is lost only by accident. */
  listening: 1_500,
  /** The connection that listens is lost, so rings of other processes do not arrive. */
  notListening: 50,
};

/** What a relay needs. */
export interface RelayOptions {
  readonly database: Database;
  readonly instrument: Instrument;
  readonly isListening: () => boolean;
  readonly sink: RelaySink;
}

const FAILED = {
  feed: ['feed.read_failed', 'The event log cannot be read; the read is retried'],
  database: ['database.lost', 'The database is unavailable: requests are refused until it answers'],
} as const;

const RECOVERED = {
  feed: ['feed.read_recovered', 'The event log can be read again'],
  database: ['database.found', 'The database answers again'],
} as const;

/** The types of entries that the process needs. Without `types` it needs all of them. */
type WantedTypes = Pick<LogFilter, 'types'>;

/** Receives the entries that the relay reads. Its functions must neither throw nor wait. */
export interface RelaySink {
  /** The relay has read, which it does every few seconds at least while the process runs. */
  tick(): void;
  /** Entries up to this position will not be delivered. */
  begin(position: LogPosition): void;
  /**
   * The types that this process needs now. Most entries serve only subscribers, so a busy process without subscribers
   * does not fetch them.
   */
  wanted(): WantedTypes;
  /** The next entries, in the order of the log. They include at least all wanted ones. */
  accept(page: LogPage): void;
  /** The log can be read again after a failure. */
  resume(): void;
  /** The log was pruned past the relay's position, so the entries up to `begin` are lost. */
  skip(begin: LogPosition): void;
}

/** Reads the log for a process. */
export interface Relay extends Service {
  /** Makes the relay read now, because there may be new entries. */
  wake(): void;
}

/** Creates the only reader of the log in a process. It delivers all entries that become readable after its start. */
export function createRelay({ database, instrument, isListening, sink }: RelayOptions): Relay {
  const alarm = createAlarm();
  let position: LogPosition = LOG_START;
  let running: { stopping: boolean; ended: Promise<void> } | undefined;
  let failures = 0;
  /** Whether the database is unavailable. The relay queries it continuously, so it reports outages for the process. */
  let isDatabaseLost = false;

  /** Reads one page and returns the milliseconds to sleep. */
  async function runOnce(): Promise<number> {
    const wanted = sink.wanted();
    let page = await readNext(wanted);
    // A subscriber may have joined during the read and need types that were filtered out, so read again unfiltered. There
    // is no await between this check and accept(), so no other subscriber can join before the page is delivered.
    if (!covers(wanted, sink.wanted())) page = await readNext({});
    // After the read: the process may have stood still during it.
    sink.tick();
    if (failures > 0) sink.resume();
    if (page.begin > position) sink.skip(page.begin);
    if (page.upTo > position) sink.accept(page);
    position = page.upTo;
    return sleepMsAfter(page);
  }

  function readNext(filter: WantedTypes): Promise<LogPage> {
    return readLog(database.pool, { after: position, limit: BATCH, filter });
  }

  /** The milliseconds to sleep after this page. */
  function sleepMsAfter(page: LogPage): number {
    if (page.isFull) return 0;
    return isListening() ? POLL_MS.listening : POLL_MS.notListening;
  }

  async function keepReading(run: { stopping: boolean }): Promise<void> {
    while (!run.stopping) {
      const sleepMs = await runOnce().then(noteSuccess, noteFailure);
      if (sleepMs === 0) continue;
      await pause(Math.min(sleepMs, spacingMsFor(sink.wanted())));
      const isRung = await alarm.sleep(run.stopping ? 0 : sleepMs);
      // A process that died after a commit has left events without a position, and its bell does not ring.
      if (!isRung) database.bell.ring();
    }
  }

  function noteSuccess(sleepMs: number): number {
    const [name, message] = isDatabaseLost ? RECOVERED.database : RECOVERED.feed;
    if (failures > 0) instrument.emit('info', name, message);
    failures = 0;
    return sleepMs;
  }

  function noteFailure(error: unknown): number {
    failures += 1;
    // Only the first failure in a row is logged, because each retry would log the same.
    if (failures === 1) {
      isDatabaseLost = isOutage(error);
      const [name, message] = isDatabaseLost ? FAILED.database : FAILED.feed;
      instrument.emit('warn', name, message, { error });
    }
    return backoffMs({ attempt: failures, baseMs: 50, maxMs: 1_000, random: randomFraction() });
  }

  return {
    wake: () => alarm.ring(),
    async start() {
      if (running) return;
      position = (await readLogBounds(database.pool)).end;
      sink.begin(position);
      const run = { stopping: false, ended: Promise.resolve() };
      running = run;
      // Processes that have ended may have left events without a position.
      database.bell.ring();
      run.ended = keepReading(run);
    },
    async stop() {
      if (!running) return;
      running.stopping = true;
      alarm.ring();
      await running.ended;
      running = undefined;
    },
  };
}

/** Whether a page of the types in `read` contains all wanted entries. */
function covers(read: WantedTypes, wanted: WantedTypes): boolean {
  const { types } = read;
  return types === undefined || (wanted.types?.every((type) => types.includes(type)) ?? false);
}

function spacingMsFor({ types }: WantedTypes): number {
  return types === undefined ? SPACING_MS.subscribed : SPACING_MS.unsubscribed;
}
