import {
  BREAK,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type GraphQLSchema,
  getNamedType,
  getOperationAST,
  isAbstractType,
  type OperationDefinitionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';

type Executor = (args: ExecutionArgs) => Promise<ExecutionResult> | ExecutionResult;

/** What became of one query so far. */
interface Compilation {
  /** How often it was asked for. */
  count: number;
  /** Null: it can't be compiled. Undefined: that has not been tried yet. */
  query?: CompiledQuery['query'] | null;
}

/** So often a query has to come before it is compiled: that takes as long as running it some ten times. */
const COMPILE_AFTER = 3;

/**
 * Runs queries that come again, and have neither directives nor interfaces, as compiled code, which takes half the time
 * for a list of 50 tasks; everything else with graphql-js. An answer of compiled code counts only if it is without
 * errors: otherwise graphql-js runs the query anew, so that errors are always its own, in text, place and path. A query
 * changes nothing, so that it may run twice.
 *
 * @param compileAfter - how often a query has to come before it is compiled.
 */
export function createExecutor(compileAfter = COMPILE_AFTER): Executor {
  // Documents are parsed once and kept for as long as they are in use; what is compiled goes with them.
  const compilations = new WeakMap<OperationDefinitionNode, Compilation>();

  function findCompiled(args: ExecutionArgs): Compilation['query'] {
    const operation = getOperationAST(args.document, args.operationName);
    if (operation?.operation !== 'query') return null;
    const compilation = compilations.get(operation) ?? { count: 0 };
    compilations.set(operation, compilation);
    compilation.count += 1;
    if (compilation.count >= compileAfter && compilation.query === undefined)
      compilation.query = compile(args);
    return compilation.query;
  }

  return (args) => {
    const compiled = findCompiled(args);
    if (!compiled) return execute(args);
    return withoutErrors(compiled(args.rootValue, args.contextValue, args.variableValues), args);
  };
}

/**
 * Whether a query may be compiled. Directives may not stand in it: compiled code answers fields that are skipped in one
 * fragment and asked for in another (found by random queries). Nor may interfaces: their selection is compiled once for
 * each type, so that four of them within each other take ten seconds and two gigabytes.
 */
export function isCompilable(schema: GraphQLSchema, document: DocumentNode): boolean {
  const types = new TypeInfo(schema);
  let isPlain = true;
  const refuse = () => {
    isPlain = false;
    return BREAK;
  };
  visit(
    document,
    visitWithTypeInfo(types, {
      Directive: refuse,
      Field: () => (isAbstractType(getNamedType(types.getType())) ? refuse() : undefined),
    }),
  );
  return isPlain;
}

function compile({ schema, document, operationName }: ExecutionArgs): CompiledQuery['query'] | null {
  if (!isCompilable(schema, document)) return null;
  const compiled = compileQuery(schema, document, operationName ?? undefined);
  return isCompiledQuery(compiled) ? compiled.query : null;
}

function withoutErrors(
  result: Promise<ExecutionResult> | ExecutionResult,
  args: ExecutionArgs,
): Promise<ExecutionResult> | ExecutionResult {
  if ('then' in result) return result.then((settled) => withoutErrors(settled, args));
  return result.errors === undefined ? result : execute(args);
}
