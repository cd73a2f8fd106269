import { GraphQLError, type GraphQLSchema, getOperationAST, Kind, parse, validate } from 'graphql';
import { Refusal } from '../../domain/refusals.js';
import { costOf } from '../base/complexity.js';

const MAX_LENGTH = 10_000;
const MAX_TOKENS = 2_000;

/**
 * Checks a document that selects from each event of a webhook: one subscription whose only field is `events`, without arguments and
 * variables, within the limits of every subscription.
 * @throws {Refusal} INVALID
 */
export function checkEventDocument(schema: GraphQLSchema, text: string): void {
  const problem = findProblem(schema, text);
  if (problem !== null) throw new Refusal('INVALID', `document ${problem}`, ['document']);
}

const FORM = 'must be one subscription of the form: subscription { events { … } }';

function findProblem(schema: GraphQLSchema, text: string): string | null {
  if (text.length > MAX_LENGTH) return `may have ${MAX_LENGTH} characters at most.`;
  try {
    const document = parse(text, { maxTokens: MAX_TOKENS });
    const operation = getOperationAST(document);
    if (operation?.operation !== 'subscription') return `${FORM}.`;
    const [root, ...others] = operation.selectionSet.selections;
    if (root?.kind !== Kind.FIELD || others.length > 0 || root.name.value !== 'events') return `${FORM}.`;
    if ((root.arguments ?? []).length > 0) return 'must give events no arguments: the webhook has a filter.';
    if ((operation.variableDefinitions ?? []).length > 0) return 'must have no variables.';
    const [error] = validate(schema, document);
    if (error !== undefined) return `is not valid: ${error.message}`;
    const cost = costOf(schema, document, operation);
    if (cost === undefined) return 'is not valid.';
    const { limits } = cost;
    const isTooLarge =
      cost.complexity > limits.complexity || cost.depth > limits.depth || cost.breadth > limits.breadth;
    return isTooLarge ? 'selects too much from each event.' : null;
  } catch (error) {
    if (error instanceof GraphQLError) return `is not valid: ${error.message}`;
    throw error;
  }
}
