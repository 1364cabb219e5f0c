// The release before 0031 reads one address of whoever is forgotten, in a column of its own. As long as it may run beside this one, or be
// gone back to, that column is kept as well: else it gives the role to whoever has the address next.
const steps = `
create or replace function note_former_mail() returns trigger language plpgsql as $$
begin
  if exists (select 1 from administrative_roles r where r.person_id = new.id and r.role = 'administrator') then
    new.former_mail := sha256(convert_to(old.id || lower(old.email), 'UTF8'));
    new.former_mails := new.former_mails || new.former_mail;
  end if;
  return new;
end $$;
update people set former_mail = former_mails[cardinality(former_mails)] where former_mail is null and former_mails <> '{}';
`;

/** Thirty-seventh migration: the address of a forgotten administrator, for the release before. */
export const formerMail = {
  name: '0037-former-mail',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
