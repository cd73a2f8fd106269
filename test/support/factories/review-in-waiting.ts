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

/** What one server process has for sending reviews, without the loop around it. */
export interface ReviewDesk extends ReviewDispatcher {
  readonly gateway: ScriptedGateway;
  readonly reachability: GatewayReachability;
  /** Waits until every call that is under way has been settled. */
  settled(): Promise<void>;
}

export interface DeskOptions extends Partial<ServiceSettings['dispatch']> {
  readonly gateway?: ScriptedGateway;
}

/** Rounds rest long after a failure, so that a test decides when it is over. */
export function aReviewDesk(
  services: TestServices,
  { gateway = new ScriptedGateway(), ...dispatch }: DeskOptions = {},
): ReviewDesk {
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
