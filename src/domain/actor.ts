export const API_KEY_ROLES = ['VIEWER', 'AGENT', 'OPERATOR', 'ADMIN'] as const;
export type ApiKeyRole = (typeof API_KEY_ROLES)[number];

/**
 * Who acts, as it is written beside every change: an API key, an agent, or (both null) the system itself.
 * An AGENT key acts as its agent.
 */
export interface Actor {
  readonly keyId: string | null;
  readonly agentId: string | null;
}

export const SYSTEM: Actor = { keyId: null, agentId: null };

/** Who asks: the key of the request, its role and, for AGENT keys, the one agent it is bound to. */
export interface Viewer {
  readonly keyId: string;
  readonly role: ApiKeyRole;
  readonly agentId: string | null;
}

/** An AGENT key acts as its agent; every other key as itself. */
export function toActor(viewer: Viewer): Actor {
  return viewer.agentId === null
    ? { keyId: viewer.keyId, agentId: null }
    : { keyId: null, agentId: viewer.agentId };
}

const RANK: Record<ApiKeyRole, number> = { VIEWER: 0, AGENT: 1, OPERATOR: 2, ADMIN: 3 };

/**
 * Whether the viewer may do what the role may. OPERATOR includes what an AGENT may do, ADMIN everything; an AGENT is no
 * VIEWER of everything, so row visibility is decided elsewhere.
 */
export function hasRole(viewer: Viewer, role: ApiKeyRole): boolean {
  return RANK[viewer.role] >= RANK[role];
}
