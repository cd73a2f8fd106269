import { builder } from './builder.js';

builder.queryType({ description: 'What can be read. Each noun adds its fields.' });
