import {
  BREAK,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
  GraphQLScalarType,
  type GraphQLSchema,
  getNamedType,
  getOperationAST,
  isAbstractType,
  type OperationDefinitionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import { StatementCut } from '../../kernel/statement-cut.js';
import { hoistArguments } from './hoisted-arguments.js';

type Executor = (args: ExecutionArgs) => Promise<ExecutionResult> | ExecutionResult;

/** Runs compiled code; undefined where graphql-js has to run the query. */
type RunCompiled = (args: ExecutionArgs) => Promise<ExecutionResult> | ExecutionResult | undefined;

/** The state of one query. */
interface Compilation {
  /** How often it was requested. */
  count: number;
  /** Null: it can't be compiled. Undefined: not tried yet. */
  run?: RunCompiled | null;
}

/** Requests of a query before it is compiled. Compiling takes as long as about ten executions. */
const COMPILE_AFTER = 3;

/**
 * Runs a query that was repeated as compiled code, which takes two thirds of the time for a list of 50 tasks. Everything
 * else runs in graphql-js: the other operations, and queries with directives or interfaces. graphql-js also coerces all
 * inputs. The answer of compiled code is used only if it has no errors. Otherwise graphql-js executes the query again, so
 * that errors are always its own. A query changes nothing, so it may run twice.
 *
 * @param compileAfter - requests of a query before it is compiled.
 */
export function createExecutor(compileAfter = COMPILE_AFTER): Executor {
  // Parsed documents are cached, and the compiled code is freed with its document.
  const compilations = new WeakMap<OperationDefinitionNode, Compilation>();

  function findCompiled(args: ExecutionArgs): RunCompiled | null | undefined {
    const operation = getOperationAST(args.document, args.operationName);
    if (operation?.operation !== 'query') return null;
    const compilation = compilations.get(operation) ?? { count: 0 };
    compilations.set(operation, compilation);
    compilation.count += 1;
    if (compilation.count >= compileAfter && compilation.run === undefined)
      compilation.run = compile(args, operation);
    return compilation.run;
  }

  return (args) => {
    const result = findCompiled(args)?.(args);
    return result === undefined ? execute(args) : withoutErrors(result, args);
  };
}

/**
 * Whether a query may be compiled. Directives are excluded: compiled code answers fields that are skipped in one fragment
 * and selected in another. Interfaces are excluded: their selection is compiled once for each type, so that four of them
 * within each other take ten seconds and two gigabytes. So is the alias that compiled code can't set.
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
      Field: ({ alias }) =>
        alias?.value === '__proto__' || isAbstractType(getNamedType(types.getType())) ? refuse() : undefined,
    }),
  );
  return isPlain;
}

/** Takes values as they are: they have been coerced. */
const coercedInput = new GraphQLScalarType({ name: 'Coerced' });

function compile(
  { schema, document, operationName }: ExecutionArgs,
  operation: OperationDefinitionNode,
): RunCompiled | null {
  if (!isCompilable(schema, document)) return null;
  const hoisted = hoistArguments(schema, document, operation, coercedInput.name);
  const compiled = compileQuery(withCoercedInput(schema), hoisted.document, operationName ?? undefined);
  if (!isCompiledQuery(compiled)) return null;
  return ({ rootValue, contextValue, variableValues }) => {
    const values = hoisted.coerce(variableValues ?? {});
    return values && compiled.query(rootValue, contextValue, values);
  };
}

/** The schema with one more type, for the compiler alone. */
function withCoercedInput(schema: GraphQLSchema): GraphQLSchema {
  const getType = (name: string) => (name === coercedInput.name ? coercedInput : schema.getType(name));
  return Object.create(schema, { getType: { value: getType } });
}

function withoutErrors(
  result: Promise<ExecutionResult> | ExecutionResult,
  args: ExecutionArgs,
): Promise<ExecutionResult> | ExecutionResult {
  if ('then' in result) return result.then((settled) => withoutErrors(settled, args));
  if (result.errors === undefined) return result;
  const cut = result.errors.find(({ originalError }) => originalError instanceof StatementCut);
  return cut === undefined ? execute(args) : stoppedBy(cut);
}

/** The database has stopped the query because it took too long, so it must not run again. */
function stoppedBy({ message, path, originalError }: GraphQLError): ExecutionResult {
  return { errors: [new GraphQLError(message, { path, originalError })], data: null };
}
