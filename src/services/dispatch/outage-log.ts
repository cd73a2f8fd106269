import { type Clock, systemClock } from '../../kernel/clock.js';
import type { Instrument } from '../../kernel/instrument.js';
import type { GatewayOutageRow } from '../../store/dispatch/gateway-outages.js';

/** A gateway whose outages begin and end all the time gets a line for the same reason once in this time, in milliseconds. */
const QUIET_MS = 60_000;

/**
 * The log lines about the outages of gateways: one for each change of a state, and at most one a minute for each gateway and
 * reason. `noteOutage` is called again while the outage lasts, so a line that was held back follows after the minute.
 */
export function createOutageLog(instrument: Instrument, clock: Clock = systemClock) {
  /** The reason that was logged last for each gateway that is not logged as reachable. */
  const current = new Map<string, string>();
  /** When each reason was logged, by gateway and reason. */
  const loggedAt = new Map<string, number>();

  function mayLog(key: string): boolean {
    const now = clock.now();
    for (const [each, at] of loggedAt) if (now - at >= QUIET_MS) loggedAt.delete(each);
    if (loggedAt.has(key)) return false;
    loggedAt.set(key, now);
    return true;
  }

  return {
    noteOutage({ gateway, error, remedy }: GatewayOutageRow): void {
      // The words of an error may differ from call to call, those of a remedy do not.
      const reason = JSON.stringify([gateway, remedy]);
      if (current.get(gateway) === reason || !mayLog(reason)) return;
      current.set(gateway, reason);
      if (remedy === null)
        instrument.emit('warn', 'gateway.unreachable', `The gateway ${gateway} is unreachable`, {
          gateway,
          error,
        });
      else {
        const message = `The gateway ${gateway} refuses every call, so its tasks wait. ${remedy}`;
        instrument.emit('error', 'gateway.broken', message, { gateway, error });
      }
    },
    noteEnd(gateway: string): void {
      if (!current.delete(gateway)) return;
      instrument.emit('info', 'gateway.reachable', `The gateway ${gateway} answers again`, { gateway });
    },
  };
}
