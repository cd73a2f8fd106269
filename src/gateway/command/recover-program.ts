import { identifyProcess, isOfThisMachine } from '../../kernel/process-identity.js';
import type { GatewayCall, GatewayState, RecoveredAnswer } from '../gateway.js';
import { signalGroup } from './process-group.js';
import { HAS_GATE } from './start-gate.js';

/**
 * Recovers the program of a server that died. Its answer is lost, because its output is no longer read. If it still runs on
 * this machine it is killed, so that it does not work at the same time as its successor.
 */
export async function recoverProgram(
  _call: GatewayCall,
  state: GatewayState | null,
): Promise<RecoveredAnswer> {
  // A program behind its gate begins only after its state was stored. Without a gate it may have begun.
  if (state === null && HAS_GATE)
    return { outcome: 'NOT_BEGUN', error: 'The program never began.', retryAfterMs: null };
  if (state === null) return { outcome: 'UNKNOWN' };
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
