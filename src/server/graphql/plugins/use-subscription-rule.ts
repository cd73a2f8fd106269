import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { recoded, refusedByGraphql } from '../../protocol-error.js';

/**
 * The GraphQL specification of 2025 forbids `@skip` and `@include` at the root of a subscription. graphql-js 16 does not
 * know that rule: it throws when no field remains, and in its own validation when the condition is a variable. So the
 * check comes before that validation.
 */
export function useSubscriptionRule(): Plugin {
  return {
    onValidate({ params, setResult }) {
      const errors = findConditionalRoots(params.documentAST);
      if (errors.length > 0) setResult(errors);
    },
  };
}

function findConditionalRoots(document: DocumentNode): readonly GraphQLError[] {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  return document.definitions.flatMap((definition) => {
    const isSubscription =
      definition.kind === Kind.OPERATION_DEFINITION && definition.operation === 'subscription';
    return isSubscription ? rootSelections(definition.selectionSet, new Map(fragments)).flatMap(refuse) : [];
  });
}

/** The selections at the root. Each fragment is taken out of the map when it is used: it may contain itself. */
function rootSelections(
  { selections }: SelectionSetNode,
  fragments: Map<string, FragmentDefinitionNode>,
): readonly SelectionNode[] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    if (selection.kind === Kind.INLINE_FRAGMENT)
      return [selection, ...rootSelections(selection.selectionSet, fragments)];
    const fragment = fragments.get(selection.name.value);
    fragments.delete(selection.name.value);
    return fragment ? [selection, ...rootSelections(fragment.selectionSet, fragments)] : [selection];
  });
}

function refuse(selection: SelectionNode): readonly GraphQLError[] {
  const found = selection.directives?.find(({ name }) => ['skip', 'include'].includes(name.value));
  if (!found) return [];
  const message = `A subscription can't have @${found.name.value} at its root. Use it on the fields inside, or send another document.`;
  const error = new GraphQLError(message, { nodes: selection });
  return [recoded(error, 'GRAPHQL_VALIDATION_FAILED', refusedByGraphql)];
}
