// Access that goes on for other reasons, or until another time, is a request as well (rule 3.1). Not valid: every row that is there was
// written under a stricter one, and nobody waits until all have been read.
const requests = `
alter table requests drop constraint requests_type_check, drop constraint requests_check, drop constraint requests_detail_check;
alter table requests
  add constraint requests_type_check check (type in ('userAdd', 'userExtend', 'userRemove', 'adminAdd', 'adminRemove', 'systemAdd',
    'systemUpdate', 'systemRemove', 'exception')) not valid,
  add constraint requests_requestor_check check ((type in ('systemAdd', 'systemUpdate', 'systemRemove')) = (requestor_id is null)) not valid,
  add constraint requests_detail_check check (detail in ('approvedByPolicy', 'deniedByApprover', 'noApprovers', 'notDecidedInTime',
    'canceledByRequestor', 'canceledByOwner', 'targetDisabled', 'requestorDisabled', 'gateClosed', 'contentChanged', 'gaveUp', 'removedByOwner',
    'endReached', 'outOfScope', 'exceptionChanged')) not valid,
  -- Done as it is made, and says of what and why.
  add constraint requests_update_check check (type <> 'systemUpdate' or (state = 'delivered' and assignment_id is not null
    and detail is not null and detail in ('endReached', 'outOfScope', 'exceptionChanged') and starts_at is not null
    and completed_at is not null)) not valid;
`;

/** Fifty-eighth migration: what moves the end of access by itself is a request. */
export const updates = {
  name: '0058-updates',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(requests),
  afterwards: `alter table requests validate constraint requests_type_check, validate constraint requests_requestor_check,
  validate constraint requests_detail_check, validate constraint requests_update_check`,
};
