import type { Plugin } from 'graphql-yoga';
import { explainInputs } from '../input-hints.js';

/** Explains invalid values in a document. Those in variables are explained where it is executed. */
export function useInputHints(): Plugin {
  return {
    onValidate:
      ({ params: { schema, documentAST } }) =>
      ({ result, setResult }) =>
        setResult(explainInputs(result, schema, documentAST)),
  };
}
