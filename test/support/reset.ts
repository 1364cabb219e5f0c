// Emptying a test database and filling it again with what was there before, each in one statement of the server.
//
// Rows are deleted where they are few: to truncate a table makes new files for it and for each of its indexes, which for the fifty
// tables of a small organization takes longer than most tests. All tables are held meanwhile, so that what a test left under way
// is waited for, and fails the next one where it does not end. Triggers are off, those that guard the audit trail as well.

/** Makes the functions in the template. What the migrations themselves filled is kept by them. */
export const RESET = `
create table test_seeds (key text, name text, columns text, cells text, rows text[], primary key (key, name));
create table test_kept as
  select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'public' and c.relkind in ('r', 'p')
    and (xpath('/row/c/text()', query_to_xml(format('select count(*) as c from %s', c.oid::regclass), false, true, '')))[1]::text <> '0';
insert into test_kept values ('test_kept'), ('test_seeds');

create view test_tables as
  select c.oid as id, c.oid::regclass::text as name, case c.relkind when 'r' then pg_relation_size(c.oid)
    else (select sum(pg_relation_size(relid)) from pg_partition_tree(c.oid)) end as bytes
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition
    and c.oid::regclass::text not in (select name from test_kept);

create function test_reset() returns void language plpgsql
  set lock_timeout = '60s' set session_replication_role = replica as $$
declare one record; large text[] := '{}';
begin
  execute (select 'lock table ' || string_agg(name, ', ') || ' in exclusive mode' from test_tables);
  for one in select name, bytes from test_tables where bytes > 0 loop
    if one.bytes > 512 * 1024 then large := large || one.name;
    else execute 'delete from ' || one.name;
    end if;
  end loop;
  if large <> '{}' then execute 'truncate ' || array_to_string(large, ', ') || ' cascade'; end if;
  perform setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
  from pg_sequences where schemaname = 'public' and last_value is not null;
end $$;

-- Remembers all that is there now.
create function test_keep(wanted text) returns void language plpgsql as $$
declare one record;
begin
  for one in
    select t.name, string_agg(quote_ident(attname), ', ' order by attnum) as columns,
      string_agg('(r).' || quote_ident(attname), ', ' order by attnum) as cells
    from test_tables t join pg_attribute on attrelid = t.id and attnum > 0 and not attisdropped and attgenerated = ''
    where bytes > 0 group by t.name
  loop
    execute format('insert into test_seeds select $1, $2, $3, $4, array_agg(t::text) from %s t having count(*) > 0', one.name)
      using wanted, one.name, one.columns, one.cells;
  end loop;
  insert into test_seeds (key, name, rows)
  select wanted, format('%I.%I', schemaname, sequencename), array[last_value::text]
  from pg_sequences where schemaname = 'public' and last_value is not null;
end $$;

-- Empties the database and fills it with what was remembered under this key; false: nothing was.
create function test_restore(wanted text) returns boolean language plpgsql set session_replication_role = replica as $$
declare one record; known boolean := false;
begin
  perform test_reset();
  for one in select * from test_seeds where key = wanted loop
    known := true;
    if one.columns is null then perform setval(one.name::regclass, one.rows[1]::bigint);
    else execute format('insert into %1$s (%2$s) overriding system value select %3$s from (select unnest($1)::%1$s as r offset 0) kept',
      one.name, one.columns, one.cells) using one.rows;
    end if;
  end loop;
  return known;
end $$;
revoke execute on function test_reset, test_keep, test_restore from public;
`;
