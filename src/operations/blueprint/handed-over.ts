// Chat accounts that a mail address linked to somebody who has it no more.
import type { IdentityConfig } from '../ports';
import { current, fold, type Draft } from './draft';
import type { People } from './people';

/**
 * Names each account that was linked to somebody by an address which is somebody else's by now. Whether that was a mistake or the
 * address was handed over, as that of a role, nobody can tell by the address: the account stays where it is until a file says whose it is.
 */
export function noteHandedOver(draft: Draft, found: People, isClaimed: (account: IdentityConfig) => boolean): void {
  const written = new Set(found.written.people.map(({ id }) => id));
  const people = current(draft, 'person', draft.known.people).filter(({ state }) => state === 'enabled');
  const byId = new Map(people.map((one) => [one.id, one]));
  const byMail = new Map(people.flatMap((one) => (one.email === null ? [] : [[fold(one.email), one]])));
  for (const account of draft.known.identities) {
    const { id, platform, tenant, user, person, mail } = account;
    const linked = byId.get(person);
    const holder = mail === null ? undefined : byMail.get(fold(mail));
    if (!linked || !holder || fold(linked.email ?? '') === fold(mail ?? '') || isClaimed(account)) continue;
    if (!written.has(linked.id) && !written.has(holder.id)) continue;
    draft.lines.push({
      id,
      action: 'note',
      noun: 'chat account',
      label: `${platform} ${tenant} ${user}`,
      details: [
        `linked to ${linked.name} by ${mail ?? ''}, which is the address of ${holder.name} now: write it under the "identities" of whoever uses it`,
      ],
    });
  }
}
