import { createHmac, timingSafeEqual } from 'node:crypto';
import { newNonce } from '../kernel/ids.js';

/** What every process has to know of a session that another one has begun. */
export interface SessionFacts {
  /** The client can show a form to its person. */
  readonly showsForms: boolean;
}

const FORM = /^(?<nonce>[\w-]{22})(?<forms>[01])(?<signature>[\w-]{43})$/;

/** Creates the id of a session. It carries the facts and is signed with the key, so each process with the API can read it. */
export function newSessionId(apiKey: string, { showsForms }: SessionFacts): string {
  const content = `${newNonce()}${showsForms ? 1 : 0}`;
  return `${content}${sign(apiKey, content)}`;
}

/** The facts of a session; null if its id is not one that was made for this key. */
export function readSessionId(apiKey: string, id: string): SessionFacts | null {
  const { nonce, forms, signature } = FORM.exec(id)?.groups ?? {};
  if (nonce === undefined || forms === undefined || signature === undefined) return null;
  const expected = sign(apiKey, `${nonce}${forms}`);
  if (!timingSafeEqual(Buffer.from(signature), Buffer.from(expected))) return null;
  return { showsForms: forms === '1' };
}

function sign(apiKey: string, content: string): string {
  return createHmac('sha256', apiKey).update(`mcp session ${content}`).digest('base64url');
}
