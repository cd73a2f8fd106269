import {
  CompleteAndClaimDocument,
  type CompleteAndClaimMutation,
  type CompleteAndClaimMutationVariables,
} from '../../generated/operations.js';
import type { RefusedError } from '../errors/refusals.js';
import { type Granted, type Operation, outcomeOf } from './operation.js';
import { withKey } from './repeatable.js';

const maybeInClaim = ['task', 'run', 'nextEligibleAt', 'questions', 'comments'] as const;

/** What became of the result, and what the claim brought. Each is refused or granted on its own. */
export interface CompleteAndClaimOutput {
  readonly completed: Granted<CompleteAndClaimMutation['completeTask'], never> | RefusedError;
  readonly claimed:
    | Granted<CompleteAndClaimMutation['claimNextTask'], (typeof maybeInClaim)[number]>
    | RefusedError;
}

/** Hands a result in and claims the next task in one request. A result that is refused does not prevent the claim. */
export const completeAndClaim: Operation<CompleteAndClaimMutationVariables, CompleteAndClaimOutput> = {
  document: CompleteAndClaimDocument,
  toVariables: ({ complete, claim }) => ({ complete: withKey(complete), claim: withKey(claim) }),
  isRepeatable: () => true,
  toOutput: (data, { complete, claim }) => {
    const { completeTask, claimNextTask } = data as CompleteAndClaimMutation;
    return {
      completed: outcomeOf(completeTask, complete, []),
      claimed: outcomeOf(claimNextTask, claim, maybeInClaim),
    };
  },
};
