// A file may give somebody the mail address of somebody else, whose chat account is then linked to the wrong person. That this is mended
// can be told only where it is known which address linked the account.
const steps = `
-- The address that linked an account to a person, in small letters, and when; it was theirs then.
create table linked_mails (
  identity_id uuid not null references identities,
  person_id uuid not null references people,
  mail text not null,
  linked_at timestamptz(3) not null,
  primary key (identity_id, person_id)
);
create index linked_mails_person on linked_mails (person_id);
create index linked_mails_mail on linked_mails (mail);
grant select, insert, update, delete on linked_mails to usher_app;
`;

/** Thirty-ninth migration: the mail addresses by which accounts are linked. */
export const linkedMails = {
  name: '0039-linked-mails',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
  // What an account was linked by before is taken to be the address of today.
  afterwards: `insert into linked_mails (identity_id, person_id, mail, linked_at)
    select i.id, i.person_id, lower(people.email), linked.at from identities i join people on people.id = i.person_id
    cross join lateral (select max(e.at) as at from audit_events e
      where e.subject_kind = 'identity' and e.subject_id = i.id::text and e.type = 'identity.linked') linked
    where i.linked_by = 'email' and people.email is not null and linked.at is not null
    on conflict do nothing`,
};
