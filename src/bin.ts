#!/usr/bin/env node
// `mission-control` without arguments is the server, as a service manager starts it. With arguments it is the command line.
await (process.argv.length > 2 ? import('./cli/main.js') : import('./main.js'));
