import type { PresenceRules } from '../store/agents/presence.js';
import type { ServiceContext } from './service-context.js';

/** By what this process tells whether an agent can take work. */
export function toPresenceRules({
  settings,
  gateways,
}: Pick<ServiceContext, 'settings' | 'gateways'>): PresenceRules {
  const { agentTimeoutMs, defaultGateway } = settings;
  return { agentTimeoutMs, defaultGateway, gatewayNames: [...gateways.keys()] };
}
