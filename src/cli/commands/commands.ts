import type { LocalCommand } from './command.js';
import { completion } from './completion.js';
import { doctor } from './doctor.js';
import { graphql, schema } from './graphql.js';
import { login } from './login.js';
import { mcp } from './mcp.js';
import { open } from './open.js';
import { prime } from './prime.js';
import { migrate, serve } from './serve.js';
import { installSkills } from './skills.js';
import { top } from './top.js';
import { worker } from './worker.js';

/** The commands that are no verbs of the API, in the order of the help. */
export const commands: readonly LocalCommand[] = [
  serve,
  migrate,
  doctor,
  login,
  open,
  top,
  worker,
  mcp,
  prime,
  installSkills,
  graphql,
  schema,
  completion,
];
