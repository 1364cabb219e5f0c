// Places were kept as dead, and messages as gone, for what Slack said of the app and not of anybody. Such a place is tried with the next
// message, which brings what was given up; such a message is drawn as things stand by the next look at what could not be changed.
const SAID_OF_US = `('account_inactive', 'messages_tab_disabled', 'restricted_action')`;

/** Fifty-seventh migration: who was wrongly taken for not reachable. */
export const saidOfUs = {
  name: '0057-said-of-us',
  up: (query: (sql: string) => Promise<void>): Promise<void> =>
    query(
      `update conversations set updated_at = updated_at - interval '1 day' where state = 'dead' and dead_code in ${SAID_OF_US}`,
    ),
  afterwards: `
update cards set state = 'live' where id in (
  select distinct on (person_id, platform, view, subject_kind, subject_id) id from cards c
  where state = 'gone' and error in ${SAID_OF_US} and message is not null
    and not exists (select from cards other where other.state <> 'gone' and (other.person_id, other.platform, other.view,
      other.subject_kind, other.subject_id) = (c.person_id, c.platform, c.view, c.subject_kind, c.subject_id))
  order by person_id, platform, view, subject_kind, subject_id, id desc)`,
};
