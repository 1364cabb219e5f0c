// What should be true, told once more in the plainest way: a few lists in memory (rules/book.ts) and the rules of the book over them.
// It imports nothing of Usher's, least of all the rules that it checks.
export * from './rules/book';
export * from './rules/asking';
export { decide, shownTo } from './rules/approving';
export { answer, delegationOf, offer, takeBack } from './rules/delegations';
export type { Offer } from './rules/delegations';
export { against } from './rules/exceptions';
export { extensionOpens, reprocess } from './rules/giving';
export { cancel, giveUp, remove } from './rules/ending';
export { jobs } from './rules/time';
