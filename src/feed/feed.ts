import type { Clock } from '../kernel/clock.js';
import type { Instrument } from '../kernel/instrument.js';
import type { Service } from '../kernel/service.js';
import type { Database } from '../postgres/database.js';
import { createBellListener } from '../postgres/listener.js';
import { createHub, type Feed } from './hub.js';
import { createKeyWatch } from './key-watch.js';
import { createRelay } from './relay.js';
import type { SubscriptionLimits } from './subscription.js';

/** What a feed needs. */
export interface FeedOptions {
  readonly database: Database;
  readonly instrument: Instrument;
  readonly clock?: Clock;
  /** Tells how long this process stood still. A test that moves `clock` makes a reader slow, which is no standstill. */
  readonly processClock?: Clock;
  readonly limits?: SubscriptionLimits;
}

/**
 * Creates the feed of a process: bell → relay → hub → subscribers. `start` needs the database. A started feed survives
 * outages of the database. `stop` completes every stream. A stopped feed can't start again.
 */
export function createFeed(options: FeedOptions): Feed & Service {
  const { database, instrument } = options;
  const hub = createHub(options);
  const keys = createKeyWatch(database);
  const listener = createBellListener({
    connectionString: database.connectionString,
    instrument,
    onRing: () => relay.wake(),
  });
  const relay = createRelay({ database, instrument, isListening: listener.isListening, sink: hub });
  const unlisten = [hub.onEntries(['key.revoked'], keys.notice), database.bell.onRing(relay.wake)];

  return {
    subscribe: hub.subscribe,
    onEntries: hub.onEntries,
    position: hub.position,
    readBounds: hub.readBounds,
    locate: hub.locate,
    check: hub.check,
    watchKey: keys.watch,
    async start() {
      await relay.start();
      await listener.start();
    },
    async stop() {
      for (const remove of unlisten) remove();
      hub.stop();
      keys.stop();
      await Promise.all([relay.stop(), listener.stop()]);
    },
  };
}
