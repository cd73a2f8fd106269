/** The roles of API keys, from the fewest rights to the most. */
export const API_KEY_ROLES = ['VIEWER', 'AGENT', 'OPERATOR', 'ADMIN'] as const;

/** The role of an API key. */
export type ApiKeyRole = (typeof API_KEY_ROLES)[number];

/**
 * The author of a change, stored with it: an API key or an agent. Both are null for the server itself. An AGENT key
 * acts as its agent.
 */
export interface Actor {
  readonly keyId: string | null;
  readonly agentId: string | null;
}

/** The server itself as the author of a change. */
export const SYSTEM: Actor = { keyId: null, agentId: null };

/** The caller of a request: its key, the role of the key and, for an AGENT key, the agent that it is bound to. */
export interface Viewer {
  readonly keyId: string;
  readonly role: ApiKeyRole;
  readonly agentId: string | null;
}

/** The actor for a viewer: the agent for an AGENT key, otherwise the key itself. */
export function toActor(viewer: Pick<Viewer, 'keyId' | 'agentId'>): Actor {
  return viewer.agentId === null
    ? { keyId: viewer.keyId, agentId: null }
    : { keyId: null, agentId: viewer.agentId };
}

const RANK: Record<ApiKeyRole, number> = { VIEWER: 0, AGENT: 1, OPERATOR: 2, ADMIN: 3 };

/**
 * Whether the viewer's role includes the rights of `role`. OPERATOR includes AGENT, and ADMIN includes every role. This
 * does not decide which rows are visible: an AGENT key does not see all rows that a VIEWER key sees.
 */
export function hasRole(viewer: Viewer, role: ApiKeyRole): boolean {
  return RANK[viewer.role] >= RANK[role];
}
