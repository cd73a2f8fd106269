import { Refusal } from '../../domain/refusals.js';
import { toShown } from '../refs.js';
import type { ServiceContext } from '../service-context.js';

/**
 * Refuses a gateway that this server does not have: tasks of the agent would wait for it without an end. A name that is
 * stored already passes, so that a repeated registration succeeds after a change of the server's settings.
 * @throws {Refusal} UNKNOWN_GATEWAY
 */
export function checkGateway(
  { gateways }: Pick<ServiceContext, 'gateways'>,
  wished: string | null | undefined,
  stored: string | null,
): void {
  if (typeof wished !== 'string' || wished === stored || gateways.has(wished)) return;
  const names = [...gateways.keys()].sort().join(', ');
  throw new Refusal(
    'UNKNOWN_GATEWAY',
    `This server has no gateway ${toShown(wished)}. It has: ${names === '' ? 'none' : names}. OPENAI_API_KEY, OPENAI_BASE_URL or MC_COMMAND add one.`,
    ['config', 'gateway'],
  );
}
