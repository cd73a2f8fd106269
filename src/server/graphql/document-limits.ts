import {
  type DocumentNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  type ParseOptions,
  parse,
  type Source,
  type StringValueNode,
  visit,
} from 'graphql';
import type { ServerLimits } from '../limits.js';
import { protocolError, recoded, refusedByGraphql } from '../protocol-error.js';
import { createFragmentExtents, type Extent, extentOf, type FragmentExtents } from './document-extent.js';

/**
 * Parses a document and refuses one that exceeds the limits, before validation: some validation rules take quadratic time. As
 * a part of parsing it runs once per document, because parsed documents are cached.
 *
 * @throws GraphQLError with code GRAPHQL_PARSE_FAILED, QUERY_TOO_COMPLEX or BAD_USER_INPUT.
 */
export function parseWithinLimits(
  source: string | Source,
  limits: ServerLimits,
  options?: ParseOptions,
): DocumentNode {
  const { length } = typeof source === 'string' ? source : source.body;
  refuseAbove(length, limits.maxDocumentLength, 'is longer than', 'characters');
  const document = parseWithinTokens(source, limits.maxDocumentTokens, options);
  refuseNodes(document, limits);
  const fragments = createFragmentExtents(document);
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION)
      refuseSize(fragments.find(definition.name.value), limits);
    if (definition.kind === Kind.OPERATION_DEFINITION) refuseExcess(definition, fragments, limits);
  }
  return document;
}

function parseWithinTokens(source: string | Source, maxTokens: number, options?: ParseOptions): DocumentNode {
  try {
    return parse(source, { ...options, maxTokens });
  } catch (error) {
    // The parser recurses into lists and objects. No legitimate document overflows the stack.
    if (error instanceof RangeError) throw tooDeep(error);
    if (!(error instanceof GraphQLError)) throw error;
    const isTooLong = error.message.includes(`more that ${maxTokens} tokens`);
    throw isTooLong
      ? protocolError(
          'QUERY_TOO_COMPLEX',
          `The document has more than ${maxTokens} tokens.`,
          refusedByGraphql,
        )
      : recoded(error, 'GRAPHQL_PARSE_FAILED', refusedByGraphql);
  }
}

function tooDeep(cause: RangeError): GraphQLError {
  const extensions = { code: 'QUERY_TOO_COMPLEX', http: refusedByGraphql };
  return new GraphQLError('The document nests too deeply.', { originalError: cause, extensions });
}

/**
 * Visits every node once. Syntax that nests too deeply would overflow the stack in validation or execution. PostgreSQL can't
 * store U+0000; variables are checked for it with every request.
 */
function refuseNodes(document: DocumentNode, { maxSyntaxDepth }: ServerLimits): void {
  let depth = 0;
  visit(document, {
    enter(node) {
      depth += 1;
      refuseAbove(depth, maxSyntaxDepth, 'nests its syntax deeper than', 'levels');
      if (node.kind === Kind.STRING && node.value.includes('\0')) refuseNul(node);
    },
    leave() {
      depth -= 1;
    },
  });
}

function refuseNul(node: StringValueNode): never {
  throw new GraphQLError('A text contains U+0000, which cannot be stored.', {
    nodes: node,
    extensions: { code: 'BAD_USER_INPUT', http: refusedByGraphql },
  });
}

function refuseExcess(
  operation: OperationDefinitionNode,
  fragments: FragmentExtents,
  limits: ServerLimits,
): void {
  const extent = extentOf(operation.selectionSet, fragments);
  refuseAbove(extent.depth, limits.maxDepth, 'nests deeper than', 'levels');
  const introspection = 'nests its introspection deeper than';
  refuseAbove(extent.introspectionDepth, limits.maxIntrospectionDepth, introspection, 'levels');
  const rootFields = fragments.countFields(operation.selectionSet);
  refuseAbove(rootFields, limits.maxRootFields, 'selects more than', 'fields at its root');
  refuseSize(extent, limits);
  refuseAbove(operation.directives?.length ?? 0, limits.maxDirectives, 'has more than', 'directives');
}

/** Also applied to fragments that no operation uses, because validation compares their fields with each other too. */
function refuseSize(extent: Extent, limits: ServerLimits): void {
  refuseAbove(extent.fields, limits.maxFields, 'selects more than', 'fields');
  refuseAbove(extent.schemas, limits.maxSchemaFields, 'selects __schema more than', 'times');
  refuseAbove(extent.aliases, limits.maxAliases, 'has more than', 'aliases');
  refuseAbove(extent.directives, limits.maxDirectives, 'has more than', 'directives');
}

function refuseAbove(amount: number, limit: number, verb: string, unit: string): void {
  if (amount <= limit) return;
  throw protocolError('QUERY_TOO_COMPLEX', `The document ${verb} ${limit} ${unit}.`, refusedByGraphql);
}
