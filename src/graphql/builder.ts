import SchemaBuilder from '@pothos/core';
import ComplexityPlugin from '@pothos/plugin-complexity';
import PrismaPlugin from '@pothos/plugin-prisma';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import { hasRole } from '../domain/actor.js';
import type PrismaTypes from '../generated/pothos-types.js';
import { getDatamodel } from '../generated/pothos-types.js';
import { explainTooComplex, QUERY_LIMITS, weighField } from './base/complexity.js';
import type { JsonObject } from './base/json-object.js';
import { forbidden } from './base/protocol-errors.js';
import type { GraphqlContext } from './context.js';

/**
 * Holds no types: every noun adds its own. Fields are non-null unless they say otherwise.
 *
 * Objects of tables are in include mode (no `select` of their own), so that a row from any statement resolves its
 * plain fields at once, without Prisma: the answer of a claim depends on that. A `t.relation` of such a row reads what is
 * missing, once for the whole list.
 */
export const builder = new SchemaBuilder<{
  Context: GraphqlContext;
  PrismaTypes: PrismaTypes;
  DefaultFieldNullability: false;
  /** Fields without a scope are for every key; what a key sees of them is a matter of rows. */
  AuthScopes: { reader: boolean; agent: boolean; operator: boolean; admin: boolean };
  Scalars: {
    ID: { Input: string; Output: string };
    Cursor: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date };
    /** Milliseconds inside, ISO 8601 outside. */
    Duration: { Input: number; Output: number };
    /** A name of the IANA that exists. */
    TimeZone: { Input: string; Output: string };
    JSONObject: { Input: JsonObject; Output: JsonObject };
  };
}>({
  plugins: [ComplexityPlugin, ScopeAuthPlugin, PrismaPlugin],
  defaultFieldNullability: false,
  prisma: {
    client: (context) => context.prisma,
    dmmf: getDatamodel(),
    // A resolver that drops the selection it was handed would bring back N+1.
    onUnusedQuery: 'error',
  },
  scopeAuth: {
    authScopes: ({ viewer }) => ({
      // Sees everything: every key but those of agents.
      reader: viewer.agentId === null,
      agent: hasRole(viewer, 'AGENT'),
      operator: hasRole(viewer, 'OPERATOR'),
      admin: hasRole(viewer, 'ADMIN'),
    }),
    unauthorizedError: (_parent, _context, info) => forbidden(`${info.parentType.name}.${info.fieldName}`),
  },
  complexity: { limit: QUERY_LIMITS, fieldComplexity: weighField, complexityError: explainTooComplex },
});

/** Builds the fields of an input type. Needed by functions that build fields for several input types. */
export type InputFields = PothosSchemaTypes.InputFieldBuilder<
  typeof builder.$inferSchemaTypes,
  'InputObject'
>;
