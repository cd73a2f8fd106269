import { createHash } from 'node:crypto';
import {
  type DocumentNode,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  print,
  type VariableNode,
  visit,
} from 'graphql';
import type { Viewer } from '../../domain/actor.js';

/** A subscription as the client requested it. */
export interface AskedOperation {
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly variableValues?: Readonly<Record<string, unknown>> | null | undefined;
}

/** The argument that sets where a stream begins. The answers to its items do not depend on it. */
const RESUME_ARGUMENT = 'after';

/**
 * A hash that is equal for subscriptions whose items resolve to the same answers: the same document, operation,
 * variables and rights. The key itself is not part of it, and neither is the cursor to resume from, so a client that
 * reconnects joins those that stayed connected.
 */
export function identifyOperation(operation: AskedOperation, { role, agentId }: Viewer): string {
  const { document, operationName = null } = operation;
  const identity = [role, agentId, operationName, variablesOf(operation), textOf(document)];
  return createHash('sha256').update(JSON.stringify(identity, withSortedKeys)).digest('base64url');
}

function variablesOf({ document, operationName, variableValues }: AskedOperation): object {
  const operation = getOperationAST(document, operationName);
  const cursors = operation ? cursorVariables(document, operation) : new Set<string>();
  return Object.fromEntries(Object.entries(variableValues ?? {}).filter(([name]) => !cursors.has(name)));
}

/** The variables that are used only as the resume cursor. */
function cursorVariables(document: DocumentNode, operation: OperationDefinitionNode): ReadonlySet<string> {
  const used = new Map<string, number>();
  visit(document, {
    VariableDefinition: () => false,
    Variable: ({ name }) => void used.set(name.value, (used.get(name.value) ?? 0) + 1),
  });
  const cursors = resumeVariables(operation).map(({ name }) => name.value);
  return new Set(cursors.filter((name) => used.get(name) === 1));
}

function resumeVariables({ selectionSet }: OperationDefinitionNode): VariableNode[] {
  return selectionSet.selections
    .flatMap((selection) => (selection.kind === Kind.FIELD ? (selection.arguments ?? []) : []))
    .flatMap(({ name, value }) =>
      name.value === RESUME_ARGUMENT && value.kind === Kind.VARIABLE ? [value] : [],
    );
}

const TEXTS = new WeakMap<DocumentNode, string>();

/** Parsed documents are cached, so each is printed once. */
function textOf(document: DocumentNode): string {
  const text = TEXTS.get(document) ?? print(document);
  TEXTS.set(document, text);
  return text;
}

function withSortedKeys(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
