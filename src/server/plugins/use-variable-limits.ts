import type { ExecutionArgs } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { ServerLimits } from '../limits.js';
import { protocolError, refusedByGraphql } from '../protocol-error.js';
import { findVariableFault } from '../variable-limits.js';

/** Refuses variables that nest too deeply or hold texts that can't be stored. */
export function useVariableLimits({ maxVariableDepth }: ServerLimits): Plugin {
  const refusalOf = ({ variableValues }: Pick<ExecutionArgs, 'variableValues'>) => {
    const fault = findVariableFault(variableValues, maxVariableDepth);
    return fault
      ? { errors: [protocolError('BAD_USER_INPUT', `The variables ${fault}.`, refusedByGraphql)] }
      : undefined;
  };
  return {
    onExecute({ args, setResultAndStopExecution }) {
      const refusal = refusalOf(args);
      if (refusal) setResultAndStopExecution(refusal);
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      const refusal = refusalOf(args);
      if (refusal) setResultAndStopExecution(refusal);
    },
  };
}
