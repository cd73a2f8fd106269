import type { Plugin } from 'graphql-yoga';
import type { ServerLimits } from '../../limits.js';
import { refuseVariables } from '../../variable-limits.js';

/** Checks the variables of queries and mutations. Subscriptions check theirs themselves. */
export function useVariableLimits(limits: ServerLimits): Plugin {
  return {
    onExecute({ args, setResultAndStopExecution }) {
      const refusal = refuseVariables(args.document, args.variableValues, limits);
      if (refusal) setResultAndStopExecution(refusal);
    },
  };
}
