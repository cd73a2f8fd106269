import { join } from 'node:path';
import type { Instrument } from '../kernel/instrument.js';
import type { Secret } from '../kernel/secret.js';
import { createCommandGateway } from './command/command.js';
import { type IsolationSettings, prepareIsolation } from './command/isolation.js';
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
  readonly commandUser: string | undefined;
  readonly commandSandbox: IsolationSettings['sandbox'];
  readonly commandWritable: readonly string[];
}

/** What gateways need in addition to their settings. */
export interface GatewayEnvironment {
  /** The environment variables that programs get. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The folder of the device key, by which an OpenClaw gateway on another machine identifies this server. */
  readonly dataDir: string;
  /** The files from which the server has read secrets. Programs must not see them. */
  readonly secretFiles: readonly string[];
  readonly instrument: Instrument;
  /** The address of this server; null before it listens. */
  readonly url?: (() => string | null) | undefined;
}

/**
 * Creates the configured gateways, by name. They connect at the first call or probe.
 * @throws Error that tells the operator what to do, if programs can't run as the settings say.
 */
export async function createGateways(
  settings: GatewaySettings,
  surroundings: GatewayEnvironment,
): Promise<ReadonlyMap<string, Gateway>> {
  const { openclaw, openai } = settings;
  const devicePath = isLoopback(openclaw.url) ? null : join(surroundings.dataDir, 'openclaw-device.pem');
  const gateways = [createEchoGateway(), createOpenclawGateway({ ...openclaw, devicePath })];
  if (openai.baseUrl !== undefined || openai.apiKey !== undefined) gateways.push(createOpenaiGateway(openai));
  if (settings.command !== undefined)
    gateways.push(await createPrograms(settings, settings.command, surroundings));
  return new Map(gateways.map((gateway) => [gateway.name, gateway]));
}

async function createPrograms(
  settings: GatewaySettings,
  argv: readonly string[],
  { environment, dataDir, secretFiles, instrument, url }: GatewayEnvironment,
): Promise<Gateway> {
  const { commandDir: folder, commandUser: user, commandSandbox: sandbox, commandKey: givesKey } = settings;
  if (folder === undefined) throw new Error('MC_COMMAND needs MC_COMMAND_DIR');
  const isolation = await prepareIsolation({
    ...{ folder, user, sandbox, writable: settings.commandWritable },
    ...{ dataDir, secretFiles, environment, instrument },
  });
  return createCommandGateway({ argv, folder, isolation, environment, url, givesKey });
}

function isLoopback(url: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname);
}
