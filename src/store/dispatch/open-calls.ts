import { type Executor, query } from '../../postgres/statement.js';

/** A call to a gateway that some process makes now. */
export interface OpenCall {
  readonly dispatcher: string;
  readonly agentId: string;
  readonly gatewayName: string;
}

/** The calls of all processes for tasks; at most as many as the processes have slots. Uses task_runs_open_dispatched. */
export async function listOpenCalls(executor: Executor): Promise<OpenCall[]> {
  return query(executor, {
    name: 'list_open_calls',
    text: `SELECT dispatcher, agent_id, gateway AS gateway_name FROM task_runs
      WHERE outcome = 'RUNNING' AND trigger = 'DISPATCH' AND lease_expires_at > now()
        AND dispatcher IS NOT NULL AND gateway IS NOT NULL`,
  });
}
