// supabase-js against the practice server at argv[2], and what only the practice server of 14.5 can be asked:
// faults, webhooks, the clock, a stale schema cache.
import { createRequire } from 'node:module'
import { createHmac } from 'node:crypto'
import http from 'node:http'
import assert from 'node:assert/strict'

const { createClient } = createRequire(`${process.env.MODULES}/package.json`)('@supabase/supabase-js')
const url = process.argv[2]
// Older Node has no WebSocket, which the client demands although nothing here listens to Realtime.
const settings = { auth: { persistSession: false }, realtime: { transport: class {} } }
const service = createClient(url, 'sb_secret_practice', settings)
const anon = createClient(url, 'sb_publishable_practice', settings)

async function practice(path, body, method = 'POST') {
  const answer = await fetch(`${url}/practice/${path}`, { method, body: body && JSON.stringify(body) })
  return { status: answer.status, body: await answer.json() }
}

function fine({ data, error, count, status }) {
  assert.equal(error, null)
  return { data, count, status }
}

async function rest(path, options = {}) {
  return fetch(`${url}/rest/v1/${path}`, { ...options, headers: { apikey: 'sb_secret_practice', ...options.headers } })
}

const tests = {
  async 'insert, select, filters, order, range, count'() {
    const rows = Array.from({ length: 25 }, (_, i) => ({ sku: `S${i}`, name: i % 2 ? 'odd' : 'even', qty: i, price: i + 0.5 }))
    assert.equal(fine(await service.from('items').insert(rows).select('id')).data.length, 25)
    const page = fine(await service.from('items').select('sku,qty', { count: 'exact' }).eq('name', 'odd')
      .order('qty', { ascending: false }).range(2, 4))
    assert.deepEqual(page.data, [{ sku: 'S19', qty: 19 }, { sku: 'S17', qty: 17 }, { sku: 'S15', qty: 15 }])
    assert.equal(page.count, 12)
    assert.equal(page.status, 206)
    const some = fine(await service.from('items').select('sku').in('sku', ['S1', 'S"2', 'S,3', 'S4']).order('qty'))
    assert.deepEqual(some.data.map(row => row.sku), ['S1', 'S4'])
    const either = fine(await service.from('items').select('qty').or('qty.lt.1,and(qty.gt.22,name.eq.odd)').order('qty'))
    assert.deepEqual(either.data.map(row => row.qty), [0, 23])
    assert.equal(fine(await service.from('items').select('*', { count: 'exact', head: true }).like('sku', 'S1%')).count, 11)
    assert.equal(fine(await service.from('items').select('sku').not('qty', 'is', null).gte('price', 24)).data.length, 1)
  },

  async 'embedded rows of a declared reference, from either end'() {
    await practice('tables', { tables: [
      { name: 'offices', primary_key: ['id'], columns: [{ name: 'id', type: 'int8', identity: true }, { name: 'name', type: 'text' }] },
      { name: 'workers', primary_key: ['id'], columns: [{ name: 'id', type: 'int8', identity: true }, { name: 'name', type: 'text' },
        { name: 'office_id', type: 'int8', references: 'offices(id)' }] }] })
    fine(await service.from('offices').insert([{ name: 'north' }, { name: 'south' }]))
    fine(await service.from('workers').insert([{ name: 'Ann', office_id: 1 }, { name: 'Bob', office_id: 1 }, { name: 'Cy', office_id: null }]))
    const office = await service.from('workers').select('name,office:offices(name)').order('id')
    assert.deepEqual(fine(office).data.map(row => row.office?.name ?? null), ['north', 'north', null])
    const some = await service.from('offices').select('name,workers!inner(name)', { count: 'exact' }).eq('workers.name', 'Bob')
    assert.deepEqual(fine(some).data, [{ name: 'north', workers: [{ name: 'Bob' }] }])
    assert.equal(some.count, 1)
    const last = await service.from('offices').select('name,workers(name)').order('id')
      .order('name', { referencedTable: 'workers', ascending: false }).limit(1, { referencedTable: 'workers' })
    assert.deepEqual(fine(last).data.map(row => row.workers), [[{ name: 'Bob' }], []])
    assert.deepEqual(fine(await service.from('offices').select('workers(count)').order('id')).data,
      [{ workers: [{ count: 2 }] }, { workers: [{ count: 0 }] }])
    assert.equal((await service.from('workers').select('id,items(sku)')).error.code, 'PGRST200')
  },

  async 'what is left out says so: null members'() {
    const bare = await rest('items', { headers: { Accept: 'application/vnd.pgrst.array+json;nulls=stripped' } })
    assert.equal(bare.status, 501)
  },

  async 'single and maybeSingle'() {
    assert.equal(fine(await service.from('items').select('name').eq('sku', 'S3').single()).data.name, 'odd')
    assert.equal((await service.from('items').select('name').eq('sku', 'none').single()).error.code, 'PGRST116')
    assert.equal(fine(await service.from('items').select('name').eq('sku', 'none').maybeSingle()).data, null)
  },

  async 'update, upsert, delete'() {
    const changed = fine(await service.from('items').update({ qty: 100 }).eq('sku', 'S1').select('sku,qty'))
    assert.deepEqual(changed.data, [{ sku: 'S1', qty: 100 }])
    const merged = fine(await service.from('items').upsert([{ sku: 'S1', name: 'one' }, { sku: 'S99', name: 'new' }],
      { onConflict: 'sku' }).select('sku,name,qty'))
    assert.deepEqual(merged.data, [{ sku: 'S1', name: 'one', qty: 100 }, { sku: 'S99', name: 'new', qty: 7 }])
    const ignored = fine(await service.from('items').upsert({ sku: 'S1', name: 'no' },
      { onConflict: 'sku', ignoreDuplicates: true }).select())
    assert.equal(ignored.data.length, 0)
    assert.equal(fine(await service.from('items').delete({ count: 'exact' }).eq('sku', 'S99')).count, 1)
    const refused = await service.from('items').delete()
    assert.equal(refused.error.code, '21000')
    assert.match(refused.error.message, /requires a WHERE clause/)
  },

  async 'compare and set by xmin and by updated_at'() {
    const { data: row } = fine(await service.from('items').select('id,xmin,updated_at').eq('sku', 'S5').single())
    const set = fine(await service.from('items').update({ qty: 1 }).eq('id', row.id).eq('xmin', row.xmin).select('xmin'))
    assert.notEqual(set.data[0].xmin, row.xmin)
    const stale = fine(await service.from('items').update({ qty: 2 }).eq('id', row.id).eq('updated_at', row.updated_at).select('id'))
    assert.deepEqual(stale.data, [])
  },

  async 'errors carry code, details and hint'() {
    const { error } = await service.from('items').insert({ sku: 'S3', name: 'again' })
    assert.deepEqual([error.code, error.details], ['23505', 'Key (sku)=(S3) already exists.'])
    assert.equal((await service.from('nowhere').select()).error.code, 'PGRST205')
    assert.equal((await service.from('items').insert({ nope: 1, name: 'x' })).error.code, 'PGRST204')
    const many = await rest('items?qty=gt.1', { method: 'PATCH', body: '{"qty":3}',
      headers: { 'Content-Type': 'application/json', Prefer: 'handling=strict,max-affected=1' } })
    assert.equal((await many.json()).code, 'PGRST124')
    assert.equal(many.headers.get('proxy-status'), 'PostgREST; error=PGRST124')
  },

  async 'rpc and row level security'() {
    assert.equal(fine(await service.rpc('add', { a: 2, b: 3 })).data, 5)
    assert.equal(fine(await service.rpc('stocked', { minimum: 24 }).select('sku')).data.length, 2)
    fine(await service.from('notes').insert([{ id: 1, owner: 'me' }, { id: 2, owner: 'me', hidden: true }], { defaultToNull: false }))
    assert.equal(fine(await anon.from('notes').select()).data.length, 1)
    assert.equal((await anon.from('notes').insert({ id: 3, owner: 'you' })).error.code, '42501')
  },

  async 'pages by key find every row once, through the silent cap'() {
    const rows = Array.from({ length: 2500 }, (_, i) => ({ a: Math.floor(i / 50), b: i }))
    fine(await service.from('pairs').insert(rows))
    const seen = new Set()
    for (let last = { a: -1, b: -1 }; ;) {
      const { data } = fine(await service.from('pairs').select('a,b').or(`a.gt.${last.a},and(a.eq.${last.a},b.gt.${last.b})`)
        .order('a').order('b').limit(5000))
      assert.ok(data.length <= 1000)
      if (data.length === 0) break
      data.forEach(row => seen.add(row.b))
      last = data.at(-1)
    }
    assert.equal(seen.size, 2500)
  },

  async 'digits survive'() {
    const text = '{"name":"digits","big":9223372036854775807,"amount":12345678901234567890.12345678901234567890}'
    const answer = await rest('items?select=big,amount', { method: 'POST', body: text,
      headers: { 'Content-Type': 'application/json', Prefer: 'return=representation' } })
    assert.equal(await answer.text(), '[{"big":9223372036854775807,"amount":12345678901234567890.12345678901234567890}]')
  },

  async 'webhooks have exact bytes and a signature, and rolled back writes have none'() {
    const got = []
    const listener = http.createServer((request, reply) => {
      let body = ''
      request.on('data', part => { body += part })
      request.on('end', () => { got.push({ body, headers: request.headers }); reply.end() })
    })
    await new Promise(resolve => listener.listen(0, '127.0.0.1', resolve))
    const target = `http://127.0.0.1:${listener.address().port}/hook`
    await practice('webhooks', { table: 'watched', events: ['INSERT', 'UPDATE', 'DELETE'], url: target, secret: 'key',
      headers: { 'X-Static': 'yes' } })
    fine(await service.from('watched').insert({ id: 1, v: 'a "b"' }))
    assert.equal((await service.from('watched').insert([{ id: 2, v: 'x' }, { id: 1, v: 'twice' }])).error.code, '23505')
    fine(await service.from('watched').update({ v: 'c' }).eq('id', 1))
    fine(await service.from('watched').delete().eq('id', 1))
    while ((await practice('idle', undefined, 'GET')).status !== 200 || got.length < 3) await new Promise(r => setTimeout(r, 20))
    got.sort((a, b) => a.body.length - b.body.length)
    const bodies = got.map(it => it.body).sort()
    assert.deepEqual(bodies, [
      '{"type": "DELETE", "table": "watched", "record": null, "schema": "public", "old_record": {"v": "c", "id": 1}}',
      '{"type": "INSERT", "table": "watched", "record": {"v": "a \\"b\\"", "id": 1}, "schema": "public", "old_record": null}',
      '{"type": "UPDATE", "table": "watched", "record": {"v": "c", "id": 1}, "schema": "public", "old_record": {"v": "a \\"b\\"", "id": 1}}',
    ])
    for (const { body, headers } of got) {
      assert.equal(headers['x-supabase-signature'], createHmac('sha256', 'key').update(body).digest('hex'))
      assert.match(headers['user-agent'], /^pg_net\//)
      assert.equal(headers['x-static'], 'yes')
    }
    await practice('webhooks', undefined, 'DELETE')
    listener.close()
  },

  async 'faults: refused, lost before and lost after'() {
    const count = async () => fine(await service.from('nopk').select('*', { count: 'exact', head: true })).count
    const post = () => rest('nopk', { method: 'POST', body: '{"a":1}', headers: { 'Content-Type': 'application/json' } })
    const before = await count()
    await practice('faults', { match: { method: 'POST', path: '*/nopk' }, action: { status: 503, retry_after: 0 }, count: 1 })
    const refused = await post()
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '0'])
    await practice('faults', { match: { method: 'POST' }, action: { drop: 'before' }, count: 1 })
    await assert.rejects(post())
    assert.equal(await count(), before)
    await practice('faults', { match: { method: 'POST' }, action: { drop: 'after' }, count: 1 })
    await assert.rejects(post())
    assert.equal(await count(), before + 1)
    await practice('faults', { action: { status: 502, html: true }, count: 1 })
    assert.match(await (await rest('nopk')).text(), /<html>/)
    await practice('faults', undefined, 'DELETE')
  },

  async 'a held write becomes visible late with an early time and number'() {
    await practice('faults', { match: { method: 'POST', path: '*/items' }, action: { hold: 0.3 }, count: 1 })
    const slow = service.from('items').insert({ sku: 'SLOW', name: 'slow' }).select('id,updated_at').single()
    const slowDone = slow.then(fine)
    await new Promise(resolve => setTimeout(resolve, 50))
    const quick = fine(await service.from('items').insert({ sku: 'QUICK', name: 'quick' }).select('id,updated_at').single()).data
    assert.equal(fine(await service.from('items').select('id').eq('sku', 'SLOW')).data.length, 0)
    const { data: late } = await slowDone
    assert.ok(late.id < quick.id)
    assert.ok(late.updated_at < quick.updated_at)
  },

  async 'a stale schema cache, silent edits, the clock, rotated keys'() {
    await practice('schema', { hold: true })
    await practice('alter', { table: 'nopk', add: { name: 'extra', type: 'text' } })
    assert.equal((await service.from('nopk').insert({ extra: 'x' })).error.code, 'PGRST204')
    await practice('schema', { reload: true })
    fine(await service.from('nopk').insert({ extra: 'x' }))
    const before = fine(await service.from('items').select('updated_at').eq('sku', 'S7').single()).data
    await practice('edit', { table: 'items', query: 'sku=eq.S7', set: { qty: 55 }, touch: false })
    const after = fine(await service.from('items').select('qty,updated_at').eq('sku', 'S7').single()).data
    assert.deepEqual(after, { qty: 55, updated_at: before.updated_at })
    await practice('clock', { freeze: '2030-01-02T03:04:05.000006Z' })
    const row = fine(await service.from('items').update({ qty: 1 }).eq('sku', 'S8').select('updated_at').single()).data
    assert.equal(row.updated_at, '2030-01-02T03:04:05.000006+00:00')
    await practice('clock', { reset: true })
    await practice('keys', { service: 'sb_secret_new' })
    const refused = await rest('items')
    assert.equal(refused.status, 401)
    assert.equal((await refused.json()).code, undefined)
    await practice('keys', { service: 'sb_secret_practice' })
  },

  async 'the root document'() {
    const root = await (await rest('')).json()
    assert.equal(root.definitions.items.properties.company_id.format, 'bigint')
    assert.match(root.definitions.items.properties.company_id.description, /<fk table='companies' column='id'\/>/)
    assert.match(root.definitions.items.properties.id.description, /<pk\/>/)
    assert.ok(root.definitions.items.required.includes('name'))
    const stats = (await practice('stats', undefined, 'GET')).body
    assert.ok(stats.by_table.items > 10 && stats.rows_written.items > 25)
  },
}

let failed = 0
for (const [name, run] of Object.entries(tests)) {
  try {
    await run()
    console.log(`ok      ${name}`)
  } catch (error) {
    failed += 1
    console.log(`FAILED  ${name}\n${error.stack}`)
  }
}
process.exitCode = failed === 0 ? 0 : 1
