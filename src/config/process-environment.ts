import type { Environment } from './variables.js';

/** The environment of this process, for the command line. The server reads it through takeEnvironment, which hides its secrets. */
export function processEnvironment(): Environment {
  return process.env;
}
