import { join } from 'node:path';
import type { Secret } from '../kernel/secret.js';
import { createCommandGateway } from './command/command.js';
import { createEchoGateway } from './echo.js';
import type { Gateway } from './gateway.js';
import { createOpenaiGateway } from './openai/openai.js';
import { createOpenclawGateway } from './openclaw/openclaw.js';

/** The settings of the gateways. */
export interface GatewaySettings {
  readonly openclaw: { readonly url: string; readonly token: Secret | undefined };
  readonly openai: { readonly baseUrl: string | undefined; readonly apiKey: Secret | undefined };
  readonly command: readonly string[] | undefined;
  readonly commandDir: string | undefined;
  readonly commandKey: boolean;
}

/** What gateways need in addition to their settings. */
export interface GatewayEnvironment {
  /** The environment variables that programs get. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The folder of the device key, by which an OpenClaw gateway on another machine identifies this server. */
  readonly dataDir: string;
  /** The address of this server; null before it listens. */
  readonly url?: (() => string | null) | undefined;
}

/** Creates the configured gateways, by name. They connect at the first call or probe. */
export function createGateways(
  { openclaw, openai, command: argv, commandDir: folder, commandKey: givesKey }: GatewaySettings,
  { environment, dataDir, url }: GatewayEnvironment,
): ReadonlyMap<string, Gateway> {
  const devicePath = isLoopback(openclaw.url) ? null : join(dataDir, 'openclaw-device.pem');
  const gateways = [createEchoGateway(), createOpenclawGateway({ ...openclaw, devicePath })];
  if (openai.baseUrl !== undefined || openai.apiKey !== undefined) gateways.push(createOpenaiGateway(openai));
  if (argv !== undefined) gateways.push(createCommandGateway({ argv, folder, environment, url, givesKey }));
  return new Map(gateways.map((gateway) => [gateway.name, gateway]));
}

function isLoopback(url: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname);
}
