import type { GraphQLSchema } from 'graphql';
import { builder } from './builder.js';
import './scalars.js';
import './task.js';
import './task-run.js';
import './comment.js';
import './review.js';
import './agent.js';
import './api-key.js';
import './mutations.js';

/** The executable schema; every noun has added its types to the builder when this module was loaded. */
export function buildSchema(): GraphQLSchema {
  return builder.toSchema({ sortSchema: true });
}
