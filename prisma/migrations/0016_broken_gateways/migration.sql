-- A gateway that refuses every call is broken, not unreachable: the row says what an operator has to do.
ALTER TABLE "gateway_outages" ADD COLUMN     "remedy" TEXT;
