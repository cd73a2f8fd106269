import type { GraphQLSchema } from 'graphql';
import { builder } from './builder.js';
import { weighFieldsOnce } from './complexity.js';
import './scalars.js';
import './query.js';
import './task-links.js';
import './task-queries.js';
import './agent-queries.js';
import './recurring-task-queries.js';
import './pipeline-queries.js';
import './node-queries.js';
import './viewer.js';
import './overview.js';
import './events.js';
import './gateway.js';
import './model-route.js';
import './subscriptions.js';
import './mutations.js';

/** The executable schema; every noun has added its types to the builder when this module was loaded. */
export function buildSchema(): GraphQLSchema {
  return weighFieldsOnce(builder.toSchema({ sortSchema: true }));
}
