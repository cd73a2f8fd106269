import type { Fleet } from '../domain/dispatch/choose-agents.js';
import type { Gateway } from '../gateway/gateway.js';
import { countPushAgents } from '../store/dispatch/dispatch.js';
import type { ServiceContext } from './service-context.js';

/** The gateway that an agent names, or the server's default; null if this process is not configured for it. */
export function gatewayOf(
  { gateways, settings }: Pick<ServiceContext, 'gateways' | 'settings'>,
  named: string | null,
): Gateway | null {
  return gateways.get(named ?? settings.defaultGateway ?? '') ?? null;
}

/** Counts the PUSH agents of each gateway of this process, whether they have work now or not. */
export async function readFleet(
  context: Pick<ServiceContext, 'database' | 'gateways' | 'settings'>,
): Promise<Fleet> {
  const fleet = new Map<string, number>();
  for (const { gateway, agents } of await countPushAgents(context.database.pool)) {
    const name = gatewayOf(context, gateway)?.name;
    if (name !== undefined) fleet.set(name, (fleet.get(name) ?? 0) + agents);
  }
  return fleet;
}
