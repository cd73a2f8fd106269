import { getOperationAST } from 'graphql';
import { handleStreamOrSingleExecutionResult, type Plugin } from 'graphql-yoga';
import { limitAnswer, stopOnce } from '../../answer-limits.js';
import type { ServerLimits } from '../../limits.js';

/** Applies the limits on answers to queries and mutations on every transport. */
export function useAnswerLimits({ maxAnswerLength }: ServerLimits): Plugin {
  return {
    onExecute: ({ args }) => ({
      onExecuteDone: (payload) =>
        handleStreamOrSingleExecutionResult(payload, ({ result, setResult }) => {
          if (result.errors === undefined) return setResult(limitAnswer(result, args, maxAnswerLength));
          const isQuery = getOperationAST(args.document, args.operationName)?.operation === 'query';
          setResult(limitAnswer(stopOnce(result, isQuery), args, maxAnswerLength));
        }),
    }),
  };
}
