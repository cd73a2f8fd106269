import { sendJson } from './exchange.js';
import type { Route } from './router.js';

export interface HealthOptions {
  /** True if work can be taken; otherwise false or, for the operator, why not. */
  readonly isReady: () => Promise<boolean | string> | boolean | string;
  readonly isStopping: () => boolean;
}

/** `/healthz` answers 200 while the process lives, `/readyz` 200 only while it can take work and 503 otherwise. */
export function createHealthRoutes({ isReady, isStopping }: HealthOptions): readonly Route[] {
  const whyNotReady = async (): Promise<string | undefined> => {
    if (isStopping()) return 'the server is stopping';
    try {
      const ready = await isReady();
      if (ready === true) return undefined;
      return ready || 'the server is not ready';
    } catch {
      return 'the check itself failed';
    }
  };
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
        const reason = await whyNotReady();
        if (reason === undefined) sendJson(exchange, 200, { status: 'ready' });
        else sendJson(exchange, 503, { status: 'not ready', reason });
      },
    },
  ];
}
