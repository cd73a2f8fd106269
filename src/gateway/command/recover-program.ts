import { identifyProcess, isOfThisMachine } from '../../kernel/process-identity.js';
import type { GatewayCall, GatewayState, RecoveredAnswer } from '../gateway.js';
import { signalGroup } from './process-group.js';

/**
 * Recovers the program of a server that died. Its answer is lost, because its output is no longer read. If it still runs on
 * this machine it is killed, so that it does not work at the same time as its successor.
 */
export async function recoverProgram(
  _call: GatewayCall,
  state: GatewayState | null,
): Promise<RecoveredAnswer> {
  // The prompt is sent only after the acceptance was recorded.
  if (state === null)
    return { outcome: 'NOT_BEGUN', error: 'The program never got its prompt.', retryAfterMs: null };
  const { pid, identity } = state;
  if (typeof pid !== 'number' || typeof identity !== 'string') return { outcome: 'UNKNOWN' };
  if (!(await isOfThisMachine(identity))) return { outcome: 'UNKNOWN' };
  if ((await identifyProcess(pid)) === identity) signalGroup(pid, 'SIGKILL');
  return {
    outcome: 'FAILED',
    error: 'The server ended while the program was running; its answer is lost.',
    permanent: false,
  };
}
