import type { Client } from '../../sdk/index.js';
import { notify } from '../frame/notices.js';
import { messageOf, session } from './session.js';

/**
 * Sends a mutation. A refusal is shown in the words of the server.
 *
 * @param done - what is said if it was accepted.
 * @returns whether it was accepted.
 */
export async function act(send: (client: Client) => Promise<unknown>, done = ''): Promise<boolean> {
  const client = session.value?.client;
  if (!client) return false;
  try {
    await send(client);
    if (done !== '') notify(done);
    return true;
  } catch (error) {
    notify(messageOf(error), 'bad');
    return false;
  }
}
