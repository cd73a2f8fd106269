-- Whether the delivery was set for the agent, or follows from its role, the server's default gateway and whether the agent has
-- ever asked for work. Agents that exist keep the delivery that they have.
ALTER TABLE "agents" ADD COLUMN     "asked_at" TIMESTAMPTZ(3),
ADD COLUMN     "delivery_chosen" BOOLEAN NOT NULL DEFAULT true;

ALTER TABLE "agents" ALTER COLUMN "delivery_chosen" SET DEFAULT false;
