// Writes schema/schema.graphql.
import { writeFileSync } from 'node:fs';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { buildSchema } from '../src/graphql/schema.js';

const file = new URL('../schema/schema.graphql', import.meta.url);
writeFileSync(file, `${printSchema(lexicographicSortSchema(buildSchema()))}\n`);
