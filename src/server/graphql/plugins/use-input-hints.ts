import type { Plugin } from 'graphql-yoga';
import { explainInputs } from '../input-hints.js';

/** Explains invalid values in a document or in its variables. */
export function useInputHints(): Plugin {
  return {
    onValidate:
      ({ params: { schema, documentAST } }) =>
      ({ result, setResult }) =>
        setResult(explainInputs(result, schema, documentAST)),
    onExecute: ({ args: { schema, document } }) => ({
      onExecuteDone({ result, setResult }) {
        if (!('errors' in result) || result.errors === undefined) return;
        setResult({ ...result, errors: explainInputs(result.errors, schema, document) });
      },
    }),
  };
}
