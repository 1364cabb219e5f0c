// Settings may name an administrator by a mail address. Directories often clear the address of somebody who leaves, long before they are
// deleted or forgotten, and give it away; so every address that an administrator had is remembered when they lose it.
const steps = `
-- Salted with the id of the row.
alter table people add column former_mails bytea[] not null default '{}';
-- The column of 0029 stays for the release before this one, which reads and writes it.
update people set former_mails = array[former_mail] where former_mail is not null;

create function note_former_mail() returns trigger language plpgsql as $$
begin
  if exists (select 1 from administrative_roles r where r.person_id = new.id and r.role = 'administrator') then
    new.former_mails := new.former_mails || sha256(convert_to(old.id || lower(old.email), 'UTF8'));
  end if;
  return new;
end $$;
create trigger note_former_mail before update of email on people
  for each row when (lower(old.email) <> coalesce(lower(new.email), '')) execute function note_former_mail();
grant execute on function note_former_mail() to usher_app;
`;

/** Thirty-first migration: the mail addresses that administrators had. */
export const formerMails = {
  name: '0031-former-mails',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
