import type { Gateway, GatewayReach } from '../../gateway/gateway.js';
import { describeDuration } from '../../kernel/durations.js';
import { singleFlight } from '../../kernel/single-flight.js';
import { withDeadline } from '../../kernel/with-deadline.js';
import { listUsedGateways } from '../../store/dispatch/dispatch.js';
import { type GatewayOutageRow, listOutages } from '../../store/dispatch/gateway-outages.js';
import { readNow } from '../../store/ops/database-clock.js';
import type { ServiceContext } from '../service-context.js';

/** Longer than a healthy gateway takes to connect, short enough to wait for in a query. */
const PROBE_MS = 3_000;

/** The states of a gateway, as `gateways` shows them. */
export const GATEWAY_STATES = ['REACHABLE', 'UNREACHABLE', 'BROKEN', 'UNKNOWN'] as const;

/** A gateway that is configured or used, and the result of its probe. */
export interface ProbedGateway {
  readonly name: string;
  readonly kind: string;
  readonly state: (typeof GATEWAY_STATES)[number];
  /** Null if this process does not have the gateway. */
  readonly reachable: boolean | null;
  readonly error: string | null;
  readonly remedy: string | null;
  readonly checkedAt: Date | null;
}

type ProbeContext = Pick<ServiceContext, 'gateways' | 'database' | 'settings'>;

/** The shared probe of each set of gateways: a query that asks twenty times opens one connection for each gateway. */
const PROBES = new WeakMap<ServiceContext['gateways'], () => Promise<ProbedGateway[]>>();

/** Probes the gateways that are configured or named by an agent, all at once. Takes at most `withinMs`. */
export function probeGateways(context: ProbeContext, withinMs = PROBE_MS): Promise<ProbedGateway[]> {
  const probe = PROBES.get(context.gateways) ?? singleFlight(() => probeAll(context, withinMs));
  PROBES.set(context.gateways, probe);
  return probe();
}

async function probeAll(context: ProbeContext, withinMs: number): Promise<ProbedGateway[]> {
  const names = await listNames(context);
  const reaches = await Promise.all(names.map((name) => probeInTime(context.gateways.get(name), withinMs)));
  const now = await readNow(context.database.pool);
  const outages = new Map((await listOutages(context.database.pool)).map((each) => [each.gateway, each]));
  return names.map((name, index) => {
    const reach = reaches[index] ?? null;
    const kind = context.gateways.get(name)?.kind ?? name;
    const checkedAt = reach === null ? null : now;
    return { name, kind, checkedAt, ...judge(name, reach, outages.get(name)) };
  });
}

/** Those of this process first, in their order, then those that only agents name. */
async function listNames({ gateways, settings, database }: ProbeContext): Promise<string[]> {
  const used = await listUsedGateways(database.pool);
  const listed = new Set([...settings.configuredGateways, settings.defaultGateway, ...used]);
  return [
    ...[...gateways.keys()].filter((name) => listed.has(name)),
    ...used.filter((name) => !gateways.has(name)),
  ];
}

/** A gateway that another process found broken may pass a probe here: only a call proves that it accepts calls. */
function judge(name: string, reach: GatewayReach | null, outage: GatewayOutageRow | undefined) {
  if (reach === null) {
    const error = `This server has no gateway ${name}.`;
    return { state: 'UNKNOWN', reachable: null, error, remedy: null } as const;
  }
  const { reachable } = reach;
  const remedy = reach.remedy ?? outage?.remedy ?? null;
  if (remedy !== null)
    return { state: 'BROKEN', reachable, error: reach.error ?? outage?.error ?? null, remedy } as const;
  return { state: reachable ? 'REACHABLE' : 'UNREACHABLE', reachable, error: reach.error, remedy } as const;
}

async function probeInTime(gateway: Gateway | undefined, withinMs: number): Promise<GatewayReach | null> {
  if (gateway === undefined) return null;
  const controller = new AbortController();
  return withDeadline(withinMs, gateway.probe(controller.signal), () => {
    controller.abort();
    return { reachable: false, error: `No answer within ${describeDuration(withinMs)}.` };
  });
}
