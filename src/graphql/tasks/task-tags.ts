import { findTags } from '../../services/tasks/read-tags.js';
import { orBadInput } from '../base/connection.js';
import { builder } from '../builder.js';

/** The price of a list of up to a hundred texts from one index. */
const PRICE = 20;

builder.queryFields((t) => ({
  tags: t.stringList({
    authScopes: { reader: true },
    description:
      'The tags that tasks have or had, sorted, at most 100: for the completion of what a person types. Not available to keys of agents.',
    args: { prefix: t.arg.string({ defaultValue: '', description: 'What they begin with, with its case.' }) },
    complexity: { field: PRICE },
    resolve: (_root, { prefix }, { services }) => orBadInput(() => findTags(services, prefix ?? '')),
  }),
}));
