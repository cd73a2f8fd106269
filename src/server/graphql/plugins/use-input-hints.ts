import type { Plugin } from 'graphql-yoga';
import { explainInputs } from '../input-hints.js';

/** Explains invalid values in a document or in its variables. */
export function useInputHints(): Plugin {
  /** The cache of validations keeps the errors as they are explained here. */
  const explained = new WeakSet<readonly Error[]>();
  return {
    onValidate:
      ({ params: { schema, documentAST } }) =>
      ({ result, setResult }) => {
        if (explained.has(result)) return;
        const errors = explainInputs(result, schema, documentAST);
        explained.add(errors);
        setResult(errors);
      },
    onExecute: ({ args: { schema, document } }) => ({
      onExecuteDone({ result, setResult }) {
        if (!('errors' in result) || result.errors === undefined) return;
        setResult({ ...result, errors: explainInputs(result.errors, schema, document) });
      },
    }),
  };
}
