import { createServer } from 'node:http';
import { createSchema, createYoga } from 'graphql-yoga';

/** The baseline of lists and claims: yoga as in its README, answering from memory. */
const agents = Array.from({ length: 5 }, (_, i) => ({ id: `agt_${i}`, name: `agent-${i}` }));
const tasks = Array.from({ length: 50 }, (_, i) => ({
  id: `task_${i}`,
  ref: `TASK-${i}`,
  title: `Task ${i} of the benchmark`,
  status: 'INBOX',
  priority: 'MEDIUM',
  tags: ['bench', 'list'],
  createdAt: '2026-11-22T13:05:00.000Z',
  updatedAt: '2026-11-22T13:05:00.000Z',
  dueAt: null,
  version: 1,
  assignee: agents[i % 5],
}));

const yoga = createYoga({
  schema: createSchema({
    typeDefs: `
      type Agent { id: ID! name: String! }
      type Task {
        id: ID! ref: String! title: String! status: String! priority: String! tags: [String!]!
        createdAt: String! updatedAt: String! dueAt: String version: Int! assignee: Agent
      }
      type TaskConnection { nodes: [Task!]! }
      type Query { hello: String! tasks(first: Int): TaskConnection! }`,
    resolvers: { Query: { hello: () => 'world', tasks: () => ({ nodes: tasks }) } },
  }),
  logging: false,
});

const server = createServer((request, response) => void yoga(request, response));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object')
    process.stdout.write(`http://127.0.0.1:${address.port}/graphql\n`);
});
