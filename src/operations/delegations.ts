// Handing approvals to somebody else for a while: offering, answering, ending, and what becomes due of it.
import * as Rules from '../domain/delegation';
import type { DelegationFacts } from '../domain/delegation';
import { DomainError } from '../domain/errors';
import type { Delegation, DelegationId, PersonId } from '../domain/model';
import type { Answering } from './act';
import { act, moment, personOf } from './act';
import type { By, Desk, Draft, Page, Proposal } from './ports';

export interface Offer extends Omit<Proposal, 'delegator'> {
  /** Days where the delegator is; the first one is today where none is named. */
  readonly first: string | null;
  readonly last: string;
  readonly draft: Draft['id'] | null;
}

/** What the delegator or the delegate sees. */
export interface DelegationView {
  readonly facts: DelegationFacts;
  readonly state: Delegation['state'];
  readonly viewer: PersonId;
  readonly now: Date;
}

/** Offers one's approvals to somebody, who accepts or declines. */
export function propose(desk: Desk, by: By, offer: Offer, answering?: Answering<DelegationId>): Promise<DelegationId> {
  const delegator = personOf(by);
  const { first, last, draft, ...wanted } = offer;
  return act(
    desk,
    by,
    async (tx) => {
      if (draft) await tx.takeDraft(draft, delegator);
      const facts = await tx.forProposal({ delegator, ...wanted });
      const { delegation, change } = Rules.propose(facts, { first, last }, moment(tx));
      await tx.save(change);
      return delegation.id;
    },
    answering,
  );
}

/** The delegate accepts or declines. */
export const answer = (accepts: boolean) => acted((facts, person, at) => Rules.answer(facts, person, accepts, at));
/** Either of them ends it. */
export const end = acted(Rules.end);

function acted(rule: typeof Rules.end) {
  return (desk: Desk, by: By, id: DelegationId, answering?: Answering<DelegationId>): Promise<DelegationId> => {
    const person = personOf(by);
    return act(
      desk,
      by,
      async (tx) => {
        const facts = await tx.forDelegation(id);
        await tx.save(rule(facts, person, moment(tx)));
        return id;
      },
      answering,
    );
  };
}

/** It begins, is over, or has lost one of the two. Does nothing where somebody was first. */
export function follow(desk: Desk, by: By, id: DelegationId): Promise<void> {
  return act(desk, by, async (tx) => {
    const facts = await tx.forDelegation(id);
    await tx.save(Rules.follow(facts, moment(tx)));
  });
}

/** For the two of them; for everybody else it does not exist. */
export async function delegationOf(desk: Desk, viewer: PersonId, id: string): Promise<DelegationView> {
  const [facts, now] = await Promise.all([desk.views.delegation(id), desk.views.now()]);
  if (!facts || (viewer !== facts.delegator.id && viewer !== facts.delegate.id))
    throw new DomainError('not-found', { what: 'card' });
  return { facts, state: Rules.stateNow(facts, { now }), viewer, now };
}

/** What the person has handed on and what they decide for others, and is not over. */
export async function delegationsOf(
  desk: Desk,
  by: By,
  page: { limit: number; after: string | null },
): Promise<Page<DelegationView>> {
  const viewer = personOf(by);
  const [found, now] = await Promise.all([desk.views.delegations(viewer, page), desk.views.now()]);
  const views = found.rows.map((facts) => ({ facts, state: Rules.stateNow(facts, { now }), viewer, now }));
  return { ...found, rows: views.filter(({ state }) => state !== 'ended') };
}
