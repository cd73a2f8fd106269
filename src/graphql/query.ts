import { builder } from './builder.js';

builder.queryType({ description: 'Operations that read data.' });
