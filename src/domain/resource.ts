// A resource stands for one place of a connected system.
import type { Resource } from './model';

/** Whether it would be another place. Its roles and scopes never become others: a new `originId` is a new one of them. */
export function isMoved(before: Pick<Resource, 'connector' | 'originId'> | null, after: Resource): boolean {
  return before !== null && (before.connector !== after.connector || before.originId !== after.originId);
}
