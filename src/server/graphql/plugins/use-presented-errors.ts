import { handleStreamOrSingleExecutionResult, type Plugin } from 'graphql-yoga';
import type { ErrorPresenter } from '../../error-presenter.js';
import type { RequestScope } from '../../request-scope.js';

/**
 * Presents every error of an operation on every transport. Errors of parsing and validation already have their codes.
 */
export function usePresentedErrors({ present }: ErrorPresenter): Plugin<RequestScope, RequestScope> {
  const presentResult = ({ args, result, setResult }: ResultPayload) => {
    if (!result.errors) return;
    const { requestId } = args.contextValue as RequestScope;
    setResult({ ...result, errors: result.errors.map((error) => present(error, requestId)) });
  };
  return {
    onPluginInit({ registerContextErrorHandler }) {
      registerContextErrorHandler(({ context, error, setError }) =>
        setError(present(error, (context as RequestScope).requestId)),
      );
    },
    onExecute: () => ({
      onExecuteDone: (payload) => handleStreamOrSingleExecutionResult(payload, presentResult),
    }),
  };
}

type StreamHandler = Parameters<typeof handleStreamOrSingleExecutionResult>[1];
type ResultPayload = Parameters<StreamHandler>[0];
