import type { Secret } from '../kernel/secret.js';
import { createCommandGateway } from './command.js';
import { createEchoGateway } from './echo.js';
import type { Gateway } from './gateway.js';
import { createOpenaiGateway } from './openai.js';
import { createOpenclawGateway } from './openclaw.js';

/** What the settings say of gateways. */
export interface GatewaySettings {
  readonly openclaw: { readonly url: string; readonly token: Secret | undefined };
  readonly openai: { readonly baseUrl: string | undefined; readonly apiKey: Secret | undefined };
  readonly command: readonly string[] | undefined;
  readonly commandDir: string | undefined;
}

/**
 * The gateways that this process is configured for, by name. Nothing is connected before the first call or probe.
 * `environment` is all that programs see of the server's.
 */
export function createGateways(
  { openclaw, openai, command: argv, commandDir: folder }: GatewaySettings,
  environment: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, Gateway> {
  const gateways = [createEchoGateway(), createOpenclawGateway(openclaw)];
  if (openai.baseUrl !== undefined || openai.apiKey !== undefined) gateways.push(createOpenaiGateway(openai));
  if (argv !== undefined) gateways.push(createCommandGateway({ argv, folder, environment }));
  return new Map(gateways.map((gateway) => [gateway.name, gateway]));
}
