import { singleFlight } from '../../kernel/single-flight.js';
import { withDeadline } from '../../kernel/with-deadline.js';
import { sendJson } from './exchange.js';
import type { Route } from './router.js';

export interface HealthOptions {
  /** True if work can be taken; otherwise false or, for the operator, why not. */
  readonly isReady: () => Promise<boolean | string> | boolean | string;
  readonly isStopping: () => boolean;
}

/** Longer than a healthy database takes by far, shorter than the patience of those who ask. */
const checkTimeoutMs = 2_000;

/** `/healthz` answers 200 while the process lives, `/readyz` 200 only while it can take work and 503 otherwise. */
export function createHealthRoutes({ isReady, isStopping }: HealthOptions): readonly Route[] {
  // Callers need no key, so simultaneous requests share one check.
  const findReason = singleFlight(() => whyNotReady(isReady));
  return [
    {
      path: '/healthz',
      methods: ['GET', 'HEAD'],
      handle: async (exchange) => sendJson(exchange, 200, { status: 'ok' }),
    },
    {
      path: '/readyz',
      methods: ['GET', 'HEAD'],
      async handle(exchange) {
        const reason = isStopping() ? 'the server is stopping' : await findReason();
        if (reason === undefined) sendJson(exchange, 200, { status: 'ready' });
        else sendJson(exchange, 503, { status: 'not ready', reason });
      },
    },
  ];
}

async function whyNotReady(isReady: HealthOptions['isReady']): Promise<string | undefined> {
  try {
    const check = Promise.resolve(isReady());
    const ready = await withDeadline(checkTimeoutMs, check, () => 'the check took too long');
    return ready === true ? undefined : ready || 'the server is not ready';
  } catch {
    return 'the check itself failed';
  }
}
