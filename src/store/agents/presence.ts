import { type Sql, sql } from '../../postgres/sql-text.js';

/** The settings that decide whether an agent can take work at all. */
export interface PresenceRules {
  readonly agentTimeoutMs: number;
  /** The gateway of PUSH agents that name none. */
  readonly defaultGateway: string | null;
  /** The gateways that this process has. */
  readonly gatewayNames: readonly string[];
}

/** The last three arguments of the database functions that ask `is_there`. */
export function presence({ agentTimeoutMs, defaultGateway, gatewayNames }: PresenceRules): Sql {
  return sql`${agentTimeoutMs}::bigint, ${defaultGateway}::text, ${gatewayNames}::text[]`;
}
