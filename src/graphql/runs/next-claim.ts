import {
  type FieldNode,
  type GraphQLResolveInfo,
  getArgumentValues,
  Kind,
  type SelectionNode,
} from 'graphql';
import { type ClaimNextTask, prepareClaim } from '../../services/runs/claim-next-task.js';
import type { NextClaim } from '../../services/runs/end-run-batch.js';
import type { Claim } from '../../services/service-context.js';
import { claimedRunColumns, taskColumns } from '../base/selected-columns.js';
import type { GraphqlContext } from '../context.js';

/** Claims that were made with the field before them, until their own field is executed. */
const MADE = new WeakMap<GraphqlContext, { readonly node: FieldNode | undefined; readonly claim: Claim }>();

/**
 * The claim that the operation makes directly after this field. Its own field then answers with it (see `takeMadeClaim`).
 * Null if the next field is none.
 */
export async function findNextClaim(
  context: GraphqlContext,
  info: GraphQLResolveInfo,
): Promise<NextClaim | null> {
  const node = findNextField(info);
  if (node?.name.value !== 'claimNextTask') return null;
  const field = info.parentType.getFields().claimNextTask;
  if (field === undefined) return null;
  const { input } = getArgumentValues(field, node, info.variableValues);
  const request = await prepareClaim(context.services, context.viewer, input as ClaimNextTask);
  if (request === null) return null;
  return {
    request,
    columns: claimColumns({ fieldNodes: [node], fragments: info.fragments }),
    answer: (claim) => void MADE.set(context, { node, claim }),
  };
}

/** The answer to this claim if the field before it has made it. */
export function takeMadeClaim(
  context: GraphqlContext,
  { fieldNodes }: GraphQLResolveInfo,
): Claim | undefined {
  const made = MADE.get(context);
  if (made === undefined || made.node !== fieldNodes[0]) return undefined;
  MADE.delete(context);
  return made.claim;
}

/** The columns of task and run that a claim needs. */
export function claimColumns(info: Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>) {
  return { task: taskColumns(info, [['task']]), run: claimedRunColumns(info) };
}

/** The field that is executed after this one, if the document says so plainly. */
function findNextField({ operation, fieldNodes }: GraphQLResolveInfo): FieldNode | undefined {
  const { selections } = operation.selectionSet;
  // Directives and fragments can leave fields out, and fields with one name are merged.
  const names = new Set(selections.map((each) => isPlain(each) && (each.alias ?? each.name).value));
  if (names.size !== selections.length || names.has(false)) return undefined;
  const [own] = fieldNodes;
  const next = own && selections[selections.indexOf(own) + 1];
  return next && isPlain(next) ? next : undefined;
}

function isPlain(node: SelectionNode): node is FieldNode {
  return node.kind === Kind.FIELD && !node.directives?.length;
}
