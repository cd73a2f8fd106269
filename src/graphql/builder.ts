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
 * The builder without types: the file of each noun adds its own. Fields are non-null unless they say otherwise.
 *
 * Table objects use include mode (no `select` of their own), so a row from any SQL statement resolves its plain fields
 * without a Prisma query. The answer to a claim depends on that. A `t.relation` of such a row reads the missing columns,
 * once for the whole list.
 */
export const builder = new SchemaBuilder<{
  Context: GraphqlContext;
  PrismaTypes: PrismaTypes;
  DefaultFieldNullability: false;
  /** Every key may use a field without a scope; row visibility decides what the key sees there. */
  AuthScopes: { reader: boolean; agent: boolean; operator: boolean; admin: boolean };
  Scalars: {
    ID: { Input: string; Output: string };
    Cursor: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date };
    /** Milliseconds inside, ISO 8601 outside. */
    Duration: { Input: number; Output: number };
    /** An existing IANA name. */
    TimeZone: { Input: string; Output: string };
    JSONObject: { Input: JsonObject; Output: JsonObject };
  };
}>({
  plugins: [ComplexityPlugin, ScopeAuthPlugin, PrismaPlugin],
  defaultFieldNullability: false,
  prisma: {
    client: (context) => context.prisma,
    dmmf: getDatamodel(),
    // A resolver that ignores its `query` argument would bring back N+1 reads.
    onUnusedQuery: 'error',
  },
  scopeAuth: {
    authScopes: ({ viewer }) => ({
      // Every key except those of agents sees all rows.
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
