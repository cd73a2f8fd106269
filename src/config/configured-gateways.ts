import type { Config } from './config.js';
import { OPENCLAW_URL } from './settings.js';

/** The names of the gateways for which an operator gave settings. `openclaw` and `echo` also work without settings. */
export function listConfiguredGateways({ openclaw, openai, command }: Config['gateway']): string[] {
  return [
    ...(openclaw.token !== undefined || openclaw.url !== OPENCLAW_URL ? ['openclaw'] : []),
    ...(openai.baseUrl !== undefined || openai.apiKey !== undefined ? ['openai'] : []),
    ...(command === undefined ? [] : ['command']),
  ];
}
