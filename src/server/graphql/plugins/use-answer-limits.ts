import { getOperationAST } from 'graphql';
import { handleStreamOrSingleExecutionResult, type Plugin } from 'graphql-yoga';
import { limitAnswer, stopOnce } from '../../answer-limits.js';
import type { ServerLimits } from '../../limits.js';

/** Applies the limits on answers to queries and mutations on every transport. */
export function useAnswerLimits({ maxAnswerLength }: ServerLimits): Plugin {
  return {
    onExecute: ({ args: { document, operationName } }) => ({
      onExecuteDone: (payload) =>
        handleStreamOrSingleExecutionResult(payload, ({ result, setResult }) => {
          if (result.errors === undefined) return setResult(limitAnswer(result, maxAnswerLength));
          const isQuery = getOperationAST(document, operationName)?.operation === 'query';
          setResult(limitAnswer(stopOnce(result, isQuery), maxAnswerLength));
        }),
    }),
  };
}
