import type { Gateway, GatewayReach } from '../../gateway/gateway.js';
import { toDate } from '../../kernel/clock.js';
import { singleFlight } from '../../kernel/single-flight.js';
import { withDeadline } from '../../kernel/with-deadline.js';
import type { ServiceContext } from '../service-context.js';

/** Longer than a healthy gateway takes to connect, short enough to wait for in a query. */
const PROBE_MS = 3_000;

/** A gateway of this process with the result of its probe. */
export interface ProbedGateway extends GatewayReach {
  readonly name: string;
  readonly kind: string;
  readonly checkedAt: Date;
}

/** The shared probe of each set of gateways: a query that asks twenty times opens one connection for each gateway. */
const PROBES = new WeakMap<ServiceContext['gateways'], () => Promise<ProbedGateway[]>>();

/** Probes all gateways of this process in parallel. Takes at most `withinMs`. */
export function probeGateways(
  context: Pick<ServiceContext, 'gateways' | 'clock'>,
  withinMs = PROBE_MS,
): Promise<ProbedGateway[]> {
  const probe = PROBES.get(context.gateways) ?? singleFlight(() => probeAll(context, withinMs));
  PROBES.set(context.gateways, probe);
  return probe();
}

async function probeAll(
  { gateways, clock }: Pick<ServiceContext, 'gateways' | 'clock'>,
  withinMs: number,
): Promise<ProbedGateway[]> {
  const probes = [...gateways.values()].map(async (gateway) => {
    const reach = await probeInTime(gateway, withinMs);
    return { name: gateway.name, kind: gateway.kind, ...reach, checkedAt: toDate(clock.now()) };
  });
  return Promise.all(probes);
}

function probeInTime(gateway: Gateway, withinMs: number): Promise<GatewayReach> {
  const controller = new AbortController();
  return withDeadline(withinMs, gateway.probe(controller.signal), () => {
    controller.abort();
    return { reachable: false, error: `No answer within ${withinMs} ms.` };
  });
}
