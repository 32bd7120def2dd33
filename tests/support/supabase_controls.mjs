// What the practice server of Supabase answers below /practice/, done on a real database: webhooks, edits that no webhook
// tells of, renamed columns, counts of written rows. DATABASE is its address for psql.
import { execFile } from 'node:child_process'

const schema = `
create table webhook_outbox (id bigint generated always as identity primary key, url text, headers jsonb, body text);
create table webhook_written (table_name text);
create function webhook_silent() returns boolean stable language sql as
  $$ select coalesce(nullif(current_setting('request.headers', true), '')::json->>'x-practice-silent', '') <> '' $$;
create function webhook_call() returns trigger language plpgsql security definer as $$
  begin
    if not webhook_silent() then
      insert into webhook_outbox (url, headers, body) values (tg_argv[0], tg_argv[1]::jsonb, jsonb_build_object('type', tg_op,
        'table', tg_table_name, 'schema', tg_table_schema,
        'record', case when tg_op <> 'DELETE' then to_jsonb(new) end,
        'old_record', case when tg_op <> 'INSERT' then to_jsonb(old) end)::text);
    end if;
    return null;
  end $$;
create function webhook_count() returns trigger language plpgsql security definer as
  $$ begin insert into webhook_written values (tg_table_name); return null; end $$;
do $$ declare name text; begin
  for name in select tablename from pg_tables where schemaname = 'public' and tablename not like 'webhook_%' loop
    execute format('create trigger webhook_count after insert or update or delete on %I for each row execute function webhook_count()', name);
  end loop;
end $$;
notify pgrst, 'reload schema';
`

const literal = text => `'${text.replaceAll("'", "''")}'`
const name = text => `"${text.replaceAll('"', '""')}"`

/** The routes, as functions of the decoded body; each answers with [status, value]. */
export async function controls(database, rest, setKey) {
  const sql = text => new Promise((resolve, reject) => {
    const psql = execFile('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', database], (error, out, told) =>
      error ? reject(new Error(told || error.message)) : resolve(out.trim()))
    psql.stdin.end(text)
  })
  const hooked = new Map()
  let sending = 0
  await sql(schema)

  return {
    // Like pg_net: a batch leaves the queue, goes out concurrently, and nothing is tried again.
    async send() {
      if (hooked.size === 0) return
      sending += 1
      try {
        const answer = await rest('DELETE', 'webhook_outbox?id=gt.0', { Prefer: 'return=representation' })
        const batch = answer.ok ? await answer.json() : []
        await Promise.allSettled(batch.map(row => fetch(row.url, {
          method: 'POST', body: row.body, signal: AbortSignal.timeout(1000),
          headers: { 'User-Agent': 'pg_net/0.14.0', 'Content-Type': 'application/json', ...row.headers },
        })))
      } finally {
        sending -= 1
      }
    },

    routes: {
      async 'POST webhooks'({ table, url, headers = {} }) {
        const trigger = `webhook_${hooked.size + 1}`
        await sql(`create trigger ${trigger} after insert or update or delete on ${name(table)} for each row
          execute function webhook_call(${literal(url)}, ${literal(JSON.stringify(headers))});`)
        hooked.set(trigger, table)
        return [200, {}]
      },
      async 'DELETE webhooks'() {
        for (const [trigger, table] of hooked) await sql(`drop trigger ${trigger} on ${name(table)}; delete from webhook_outbox;`)
        hooked.clear()
        return [200, {}]
      },
      async 'GET idle'() {
        const waiting = Number(await sql('select count(*) from webhook_outbox;')) + sending
        return [waiting === 0 ? 200 : 409, { waiting }]
      },
      async 'POST edit'({ table, query, set }) {
        const answer = await rest('PATCH', `${table}?${query}`, { 'x-practice-silent': '1', 'Content-Type': 'application/json' }, JSON.stringify(set))
        return [answer.status, {}]
      },
      async 'POST alter'({ table, rename }) {
        await sql(`alter table ${name(table)} rename column ${name(rename.from)} to ${name(rename.to)}; notify pgrst, 'reload schema';`)
        return [200, {}]
      },
      async 'POST keys'({ service }) {
        setKey(service)
        return [200, {}]
      },
      async 'GET stats'() {
        const text = await sql(`select coalesce(json_object_agg(table_name, n), '{}') from (select table_name, count(*) n from webhook_written group by 1 order by 1) as w;`)
        return [200, { rows_written: JSON.parse(text) }]
      },
      async 'DELETE stats'() {
        await sql('delete from webhook_written;')
        return [200, {}]
      },
    },
  }
}
