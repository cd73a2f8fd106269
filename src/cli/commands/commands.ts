import type { LocalCommand } from './command.js';
import { graphql, schema } from './graphql.js';
import { login } from './login.js';
import { migrate, serve } from './serve.js';

/** The commands that are no verbs of the API, in the order of the help. */
export const commands: readonly LocalCommand[] = [serve, migrate, login, graphql, schema];
