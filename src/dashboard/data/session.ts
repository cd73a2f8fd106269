import { computed, signal } from '@preact/signals';
import {
  type ApiKeyRole,
  type Client,
  createClient,
  MissionControlError,
  UnauthenticatedError,
} from '../../sdk/index.js';
import { basePath } from '../frame/router.js';

/** Who is signed in, and the client that acts as them. */
export interface Session {
  readonly key: string;
  readonly client: Client;
  readonly role: ApiKeyRole;
  readonly keyName: string;
  /** The agent of a key of role AGENT. */
  readonly agent: { readonly id: string; readonly name: string } | null;
}

/** GraphiQL uses the same name, so that one sign-in serves both. */
const ITEM = 'mission-control.key';

/** How long other tabs may take to hand over their key, in milliseconds. */
const OTHER_TABS_MS = 150;

/** The session; null while no one is signed in. */
export const session = signal<Session | null>(null);
/** Why the last session ended or the last sign-in failed; empty if there is nothing to say. */
export const signInProblem = signal('');
/** Whether a stored key or a link is being tried. */
export const isSigningIn = signal(true);

/** Whether the key may change the work of the fleet. */
export const isOperator = computed(() => ['OPERATOR', 'ADMIN'].includes(session.value?.role ?? ''));

const serverUrl = `${globalThis.location.origin}${basePath}`;
const channel = new BroadcastChannel(ITEM);

/** Signs in with the link in the address, the key of this tab, or that of another tab of the same server. */
export async function startSession(): Promise<void> {
  channel.onmessage = ({ data }) => {
    if (data.ask && session.value) channel.postMessage({ key: session.value.key });
  };
  const code = takeCode();
  const stored = code === null ? (sessionStorage.getItem(ITEM) ?? (await askOtherTabs())) : null;
  if (code !== null) await signInWithCode(code);
  else if (stored !== null) await signIn(stored);
  isSigningIn.value = false;
}

/** Signs in with a key. A refusal is shown beside the form. */
export async function signIn(key: string): Promise<void> {
  signInProblem.value = '';
  try {
    const client = createClient({ url: serverUrl, apiKey: key, name: 'mission-control-dashboard' });
    const { role, agent, apiKey } = await client.viewer();
    sessionStorage.setItem(ITEM, key);
    session.value = { key, client, role, agent, keyName: apiKey?.name ?? '' };
  } catch (error) {
    if (error instanceof UnauthenticatedError) sessionStorage.removeItem(ITEM);
    signInProblem.value = messageOf(error);
  }
}

/** Ends the session of this tab. */
export function signOut(reason = ''): void {
  sessionStorage.removeItem(ITEM);
  signInProblem.value = reason;
  session.value = null;
}

/** What an error says to people. */
export function messageOf(error: unknown): string {
  if (error instanceof UnauthenticatedError)
    return 'The key is not valid: it is unknown, expired or revoked.';
  if (error instanceof MissionControlError) return error.message;
  return error instanceof Error ? error.message : String(error);
}

/** The code of a sign-in link. It leaves the address at once, so that it is in no history and no copied address. */
function takeCode(): string | null {
  const code = /^#sign-in=([\w.-]+)$/.exec(globalThis.location.hash)?.[1];
  if (code === undefined) return null;
  history.replaceState(history.state, '', globalThis.location.pathname + globalThis.location.search);
  return code;
}

async function signInWithCode(code: string): Promise<void> {
  try {
    const response = await fetch(`${serverUrl}/api/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code }),
    });
    const answer: { token?: string; errors?: { message: string }[] } = await response.json();
    if (answer.token === undefined)
      signInProblem.value = answer.errors?.[0]?.message ?? 'The link was refused.';
    else await signIn(answer.token);
  } catch {
    signInProblem.value = 'The server does not answer.';
  }
}

function askOtherTabs(): Promise<string | null> {
  const other = new BroadcastChannel(ITEM);
  return new Promise<string | null>((resolve) => {
    other.onmessage = ({ data }) => data.key && resolve(data.key);
    other.postMessage({ ask: true });
    setTimeout(() => resolve(null), OTHER_TABS_MS);
  }).finally(() => other.close());
}
