import { setTimeout as pause } from 'node:timers/promises';
import { isLater, LOG_START, type LogPosition } from '../domain/events/log-position.js';
import { backoffMs } from '../kernel/backoff.js';
import { randomFraction } from '../kernel/ids.js';
import type { Instrument } from '../kernel/instrument.js';
import type { Service } from '../kernel/service.js';
import { createAlarm } from '../kernel/wakeable-sleep.js';
import type { Database } from '../postgres/database.js';
import { isOutage } from '../postgres/outage.js';
import { adoptLog } from '../store/events/adopt-log.js';
import { type LogFilter, type LogPage, readLog, readLogBounds } from '../store/events/event-log.js';

/** Entries read at a time. */
const BATCH = 500;

/** Reads begin at least so far apart, in milliseconds: under load the entries of that time are read together. */
const SPACING_MS = {
  subscribed: 8,
  /** Only this process itself acts on what it reads: nobody sees the difference, and a busy log is read half as often. */
  unsubscribed: 20,
};

/** How long to wait for a ring, in milliseconds, before looking anyway. */
const POLL_MS = {
  /** Rings can only be lost by an accident. */
  listening: 1_500,
  /** No rings of other processes arrive. */
  deaf: 50,
  /** A transaction holds entries back, and its end may ring no bell: from … to …, doubled each time. */
  heldBackFrom: 4,
  heldBackTo: 50,
};

export interface RelayOptions {
  readonly database: Database;
  readonly instrument: Instrument;
  readonly isListening: () => boolean;
  readonly sink: RelaySink;
}

const FAILED = {
  feed: ['feed.read_failed', 'The event log cannot be read; trying again'],
  database: ['database.lost', 'The database does not answer: requests are refused until it does'],
} as const;

const RECOVERED = {
  feed: ['feed.read_recovered', 'The event log can be read again'],
  database: ['database.found', 'The database answers again'],
} as const;

/** Of which types somebody wants entries; of all, if that is left out. */
type WantedTypes = Pick<LogFilter, 'types'>;

/** Where the relay puts what it reads. Its functions must neither throw nor wait. */
export interface RelaySink {
  /** Nothing up to here will be passed on. */
  begin(position: LogPosition): void;
  /**
   * What this process wants at the moment: nearly all entries are of use to subscribers only, and without any a busy
   * process need not fetch them.
   */
  wanted(): WantedTypes;
  /** The next entries, in the order of the log: at least all those that are wanted now. */
  accept(page: LogPage): void;
  /** The log was pruned beyond the relay's place: the entries up to `begin` are lost to it. */
  skip(begin: LogPosition): void;
}

export interface Relay extends Service {
  /** Something may be there to read. */
  wake(): void;
}

/** The one reader of the log in a process: passes everything on that can be read after its start. */
export function createRelay({ database, instrument, isListening, sink }: RelayOptions): Relay {
  const alarm = createAlarm();
  let position: LogPosition = LOG_START;
  let running: { stopping: boolean; ended: Promise<void> } | undefined;
  let failures = 0;
  /** Whether the failures come from a database that is away. The relay asks it all the time, so it tells of that. */
  let isAway = false;
  let heldBackMs = 0;

  /** Reads one page and returns how long to sleep. */
  async function runOnce(): Promise<number> {
    const wanted = sink.wanted();
    let page = await readNext(wanted);
    // Who joined meanwhile may want what was left out. From this look to the end of accept() nobody can join.
    if (!covers(wanted, sink.wanted())) page = await readNext({});
    if (isLater(page.begin, position)) sink.skip(page.begin);
    if (isLater(page.upTo, position)) sink.accept(page);
    position = page.upTo;
    return sleepMsAfter(page);
  }

  function readNext(filter: WantedTypes): Promise<LogPage> {
    return readLog(database.pool, { after: position, limit: BATCH, filter });
  }

  /** How long to sleep after this page: the longer, the more often entries have been held back in a row. */
  function sleepMsAfter(page: LogPage): number {
    if (page.isFull) return 0;
    if (page.rows.length > 0) heldBackMs = 0;
    heldBackMs = page.heldBack ? Math.min(POLL_MS.heldBackTo, heldBackMs * 2 || POLL_MS.heldBackFrom) : 0;
    return heldBackMs || (isListening() ? POLL_MS.listening : POLL_MS.deaf);
  }

  async function keepReading(run: { stopping: boolean }): Promise<void> {
    while (!run.stopping) {
      const sleepMs = await runOnce().then(noteSuccess, noteFailure);
      if (sleepMs === 0) continue;
      await pause(Math.min(sleepMs, spacingMsFor(sink.wanted())));
      await alarm.sleep(run.stopping ? 0 : sleepMs);
    }
  }

  function noteSuccess(sleepMs: number): number {
    const [name, message] = isAway ? RECOVERED.database : RECOVERED.feed;
    if (failures > 0) instrument.emit('info', name, message);
    failures = 0;
    return sleepMs;
  }

  function noteFailure(error: unknown): number {
    failures += 1;
    // Said once: as long as the database is away, every try would say the same.
    if (failures === 1) {
      isAway = isOutage(error);
      const [name, message] = isAway ? FAILED.database : FAILED.feed;
      instrument.emit('warn', name, message, { error });
    }
    return backoffMs({ attempt: failures, baseMs: 50, maxMs: 1_000, random: randomFraction() });
  }

  return {
    wake: () => alarm.ring(),
    async start() {
      if (running) return;
      if (await adoptLog(database)) {
        instrument.emit(
          'warn',
          'feed.log_adopted',
          'The event log came from another PostgreSQL; older cursors are void',
        );
      }
      position = (await readLogBounds(database.pool)).end;
      sink.begin(position);
      const run = { stopping: false, ended: Promise.resolve() };
      running = run;
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

/** Whether a page with only these types has all that is wanted. */
function covers(read: WantedTypes, wanted: WantedTypes): boolean {
  const { types } = read;
  return types === undefined || (wanted.types?.every((type) => types.includes(type)) ?? false);
}

function spacingMsFor({ types }: WantedTypes): number {
  return types === undefined ? SPACING_MS.subscribed : SPACING_MS.unsubscribed;
}
