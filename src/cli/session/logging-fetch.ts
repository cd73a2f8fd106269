import { systemClock } from '../../kernel/clock.js';
import type { Fetch } from '../../sdk/index.js';
import { lightFetch } from './light-fetch.js';

/** A fetch that writes each request and its status to standard error. Keys are masked. */
export function loggingFetch(apiKey: string): Fetch {
  const mask = (text: string) => text.replaceAll(apiKey, 'mc_…').replace(/\bmc_[\w-]{20,}/g, 'mc_…');
  return async (url, init) => {
    const startedAt = systemClock.now();
    const body = typeof init.body === 'string' ? init.body : '';
    process.stderr.write(`> ${init.method ?? 'GET'} ${mask(url)} ${mask(describe(body))}\n`);
    const response = await lightFetch(url, init);
    process.stderr.write(`< ${response.status} in ${systemClock.now() - startedAt} ms\n`);
    return response;
  };
}

function describe(body: string): string {
  try {
    const { query, variables } = JSON.parse(body) as { query?: string; variables?: unknown };
    return `${/\b(?:query|mutation|subscription) \w+/.exec(query ?? '')?.[0] ?? 'document'} ${JSON.stringify(variables)}`;
  } catch {
    return '';
  }
}
