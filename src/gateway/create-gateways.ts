import { createEchoGateway } from './echo.js';
import type { Gateway } from './gateway.js';

/** The gateways that this process is configured for, by name. Nothing is connected before the first call or probe. */
export function createGateways(): ReadonlyMap<string, Gateway> {
  const gateways = [createEchoGateway()];
  return new Map(gateways.map((gateway) => [gateway.name, gateway]));
}
