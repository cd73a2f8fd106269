/** How an agent gets its work. */
export type Delivery = 'PULL' | 'PUSH';

/** The facts from which the delivery of an agent follows. */
export interface DeliveryFacts {
  readonly name: string;
  readonly role: string;
  readonly delivery: Delivery;
  /** Whether the delivery was set for this agent. */
  readonly deliveryChosen: boolean;
  /** When it first asked for work. */
  readonly askedAt: Date | null;
}

/** The settings of the server on which it depends. */
export interface DeliverySettings {
  readonly coordinatorAgent: string;
  readonly defaultGateway: string | null;
}

/**
 * Decides how an agent gets its work: as it was set, otherwise PUSH for a reviewer that has never asked for work if the
 * server has a default gateway, otherwise PULL. So a reviewer needs no settings, and one that polls is never called.
 */
export function decideDelivery(agent: DeliveryFacts, settings: DeliverySettings): Delivery {
  if (agent.deliveryChosen) return agent.delivery;
  const reviews = agent.role === 'reviewer' || agent.name === settings.coordinatorAgent;
  return reviews && agent.askedAt === null && settings.defaultGateway !== null ? 'PUSH' : 'PULL';
}
