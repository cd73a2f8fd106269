import {
  createGatewayReachability,
  type GatewayReachability,
} from '../../../src/services/dispatch/gateway-reachability.js';
import {
  createReviewDispatcher,
  type ReviewDispatcher,
} from '../../../src/services/reviews/review-dispatcher.js';
import type { ServiceSettings } from '../../../src/services/service-context.js';
import { ScriptedGateway } from '../gateways/scripted-gateway.js';
import type { TestServices } from './services.js';

/** The review dispatcher of one process, without the scheduler that calls it. */
export interface TestReviewDispatcher extends ReviewDispatcher {
  readonly gateway: ScriptedGateway;
  readonly reachability: GatewayReachability;
  /** Waits until every open call is settled. */
  settled(): Promise<void>;
}

export interface ReviewDispatcherOptions extends Partial<ServiceSettings['dispatch']> {
  readonly gateway?: ScriptedGateway;
}

/** The backoff is an hour by default, so that a test decides when it ends. */
export function aReviewDispatcher(
  services: TestServices,
  { gateway = new ScriptedGateway(), ...dispatch }: ReviewDispatcherOptions = {},
): TestReviewDispatcher {
  const settings: ServiceSettings = {
    ...services.settings,
    defaultGateway: gateway.name,
    dispatch: { concurrency: 8, timeoutMs: 60_000, backoffMs: 3_600_000, ...dispatch },
  };
  const reachability = createGatewayReachability({ ...services, probing: { firstMs: 1, longestMs: 5 } });
  const dispatcher = createReviewDispatcher({
    context: { ...services, settings, gateways: new Map([[gateway.name, gateway]]) },
    reachability,
    stopGraceMs: 1,
  });
  return {
    ...dispatcher,
    gateway,
    reachability,
    settled: () =>
      new Promise((resolve) => {
        const look = () => {
          if (dispatcher.underWay() === 0) resolve();
        };
        dispatcher.onWork(look);
        look();
      }),
    async stop() {
      await dispatcher.stop();
      await reachability.stop();
    },
  };
}
