// Emptying a test database and filling it again with what was there before, each in one statement of the server.
//
// Rows are deleted where they are few: to truncate a table makes new files for it and for each of its indexes, which for the fifty
// tables of a small organization takes longer than most tests. All tables are held meanwhile, so that what a test left under way
// is waited for, and fails the next one where it does not end.
//
// Both are functions whose statements are written out, what is filled in as well, so that a connection plans them once. They are for
// connections with RESETTING: no trigger, those that guard the audit trail neither, and whoever switches that for one call loses
// the plans.

/** What the connections need that reset. */
export const RESETTING = '-c session_replication_role=replica -c lock_timeout=60s';

/** Makes the functions in the template. What the migrations themselves filled is kept by them. */
export const RESET = `
create table test_kept as
  select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'public' and c.relkind in ('r', 'p')
    and (xpath('/row/c/text()', query_to_xml(format('select count(*) as c from %s', c.oid::regclass), false, true, '')))[1]::text <> '0';
insert into test_kept values ('test_kept');

-- By name, because a test may make a table anew.
create view test_tables as
  select c.oid as id, c.oid::regclass::text as name, case c.relkind when 'r' then format('pg_relation_size(%L)', c.oid::regclass)
    else format('(select sum(pg_relation_size(relid)) from pg_partition_tree(%L))', c.oid::regclass) end as bytes
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition
    and c.oid::regclass::text not in (select name from test_kept);

do $$ begin
  execute (
    select format(
      'create function test_reset() returns void language plpgsql as %L',
      'declare bytes bigint; begin lock table ' || string_agg(name, ', ') || ' in exclusive mode; '
        || string_agg(format(
          'bytes := %2$s; if bytes > 524288 then truncate %1$s cascade; elsif bytes > 0 then delete from %1$s; end if; ', name, bytes), '')
        || (select string_agg(format('perform setval(%L, %s, false); ', format('%I.%I', schemaname, sequencename), start_value), '')
            from pg_sequences where schemaname = 'public')
        || 'end')
    from test_tables);
end $$;

-- Remembers all that is there now under a key, which is a part of a name.
create function test_keep(wanted text) returns void language plpgsql as $$
declare one record; cells text; body text := 'begin perform test_reset(); ';
begin
  for one in
    select name, string_agg(quote_ident(attname), ', ' order by attnum) as columns,
      string_agg('(r).' || quote_ident(attname), ', ' order by attnum) as taken
    from test_tables join pg_attribute on attrelid = id and attnum > 0 and not attisdropped and attgenerated = '' group by name
  loop
    execute format('select array_agg(t)::text from %s t', one.name) into cells;
    if cells is not null then
      body := body || format('insert into %1$s (%2$s) overriding system value select %3$s from (select unnest(%4$L::%1$s[]) as r offset 0) kept; ',
        one.name, one.columns, one.taken, cells);
    end if;
  end loop;
  for one in select format('%I.%I', schemaname, sequencename) as name, last_value from pg_sequences where schemaname = 'public' loop
    if one.last_value is not null then body := body || format('perform setval(%L, %s); ', one.name, one.last_value); end if;
  end loop;
  execute format('create function test_restore_%s() returns void language plpgsql as %L', wanted, body || 'end');
end $$;

-- Empties the database and fills it with what was remembered under this key; false: nothing was.
create function test_restore(wanted text) returns boolean language plpgsql as $$
begin
  if to_regproc('test_restore_' || wanted) is null then
    perform test_reset();
    return false;
  end if;
  execute format('select test_restore_%s()', wanted);
  return true;
end $$;
revoke execute on function test_reset, test_keep, test_restore from public;
`;
