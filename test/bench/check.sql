-- What foreign keys would have said while they slept, and that both sides hold the same. Empty: all is well.
select 'requests without assignment' as problem from requests r left join assignments a on a.id = r.assignment_id and a.target_id = r.target_id
  and a.package_id = r.package_id where a.id is null having count(*) > 0
union all select 'assignments without person' from assignments a left join people p on p.id = a.target_id where p.id is null having count(*) > 0
union all select 'assignments without package' from assignments a left join packages p on p.id = a.package_id where p.id is null having count(*) > 0
union all select 'justifications without request' from justifications j left join requests r on r.id = j.request_id where r.id is null having count(*) > 0
union all select 'justifications of another policy' from justifications j join assignments a on a.id = j.assignment_id
  join policy_versions v on v.id = j.policy_version_id join policies p on p.id = v.policy_id where p.package_id <> a.package_id having count(*) > 0
union all select 'grants without role' from grants g left join resource_roles r on r.id = g.role_id where r.id is null having count(*) > 0
union all select 'links without grant' from grant_assignments l left join grants g on g.id = l.grant_id where g.id is null having count(*) > 0
union all select 'subjects without person or group' from policy_subjects s left join people p on p.id = s.person_id left join groups g on g.id = s.group_id
  where (s.person_id is not null and p.id is null) or (s.group_id is not null and g.id is null) having count(*) > 0
union all select 'managers who are nobody' from people p left join people m on m.id = p.manager_id where p.manager_id is not null and m.id is null having count(*) > 0
union all select 'not the assignments of the limit' where (select count(*) from assignments) <> (select count(*) from lim.assignments)
union all select 'not the memberships of the limit' where (select count(*) from group_members)
  <> (select count(*) from lim.group_people g join lim.group_closure c using (group_id));
