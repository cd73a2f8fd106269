// Writes schema/schema.graphql.
import { writeFileSync } from 'node:fs';
import { buildSchema } from '../src/graphql/schema.js';
import { printSortedSchema } from '../src/graphql/schema-text.js';

const file = new URL('../schema/schema.graphql', import.meta.url);
writeFileSync(file, printSortedSchema(buildSchema()));
