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

/** The review dispatcher of one server process, without the job loop. */
export interface TestReviewDispatcher extends ReviewDispatcher {
  readonly gateway: ScriptedGateway;
  readonly reachability: GatewayReachability;
  /** Waits until no call is under way. */
  settled(): Promise<void>;
}

export interface TestReviewDispatcherOptions extends Partial<ServiceSettings['dispatch']> {
  readonly gateway?: ScriptedGateway;
}

/** Creates a review dispatcher with a backoff of an hour, so that a test decides when a round is retried. */
export function createTestReviewDispatcher(
  services: TestServices,
  { gateway = new ScriptedGateway(), ...dispatch }: TestReviewDispatcherOptions = {},
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
