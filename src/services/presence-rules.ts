import type { PresenceRules } from '../store/agents/presence.js';
import type { ServiceContext } from './service-context.js';

/** The settings by which this process decides whether an agent can take work. */
export function toPresenceRules({
  settings,
  gateways,
}: Pick<ServiceContext, 'settings' | 'gateways'>): PresenceRules {
  const { agentTimeoutMs, defaultGateway } = settings;
  return { agentTimeoutMs, defaultGateway, gatewayNames: [...gateways.keys()] };
}
