// @notionhq/client against the practice server at argv[2], and what only a practice server can be asked: faults, people's
// edits, short pages, the limit of rows, webhooks.
import { createRequire } from 'node:module'
import http from 'node:http'
import assert from 'node:assert/strict'

const { Client, collectPaginatedAPI, verifyWebhookSignature, APIErrorCode } = createRequire(`${process.env.MODULES}/package.json`)('@notionhq/client')
const url = process.argv[2]
const client = (version, auth = 'secret_practice') => new Client({ auth, baseUrl: url, notionVersion: version, retry: false, logLevel: 'error' })
const notion = client('2025-09-03')
const newest = client('2026-03-11')

async function practice(path, body, method = 'POST') {
  const answer = await fetch(`${url}/practice/${path}`, { method, body: body && JSON.stringify(body) })
  const value = await answer.json()
  assert.ok(answer.ok || path === 'idle', JSON.stringify(value))
  return value
}

async function fails(code, promise, words) {
  const error = await promise.then(value => assert.fail(`no error but ${JSON.stringify(value)}`), error => error)
  assert.equal(error.code, code, error.message)
  if (words) assert.match(error.message, words)
  assert.ok(error.request_id)
  return error
}

const plain = runs => runs.map(run => run.plain_text).join('')
const text = content => [{ text: { content } }]

const database = await notion.databases.create({
  parent: { type: 'workspace', workspace: true }, title: text('Vault'),
  initial_data_source: { title: text('Decisions'), properties: {
    Name: { title: {} }, Notes: { rich_text: {} }, Weight: { number: { format: 'number' } }, Kind: { select: { options: [{ name: 'Big' }] } },
    Tags: { multi_select: { options: [] } }, State: { status: { options: [{ name: 'Open' }, { name: 'Done' }] } }, Due: { date: {} }, Final: { checkbox: {} },
    Link: { url: {} }, Mail: { email: {} }, Phone: { phone_number: {} }, Who: { people: {} }, Papers: { files: {} }, Number: { unique_id: { prefix: 'DEC' } },
    Made: { created_time: {} }, Edited: { last_edited_time: {} }, Author: { created_by: {} }, Editor: { last_edited_by: {} },
    Double: { formula: { expression: 'prop("Weight") + prop("Weight")' } },
  } },
})
const source = database.data_sources[0].id
await notion.dataSources.update({ data_source_id: source, properties: { Linked: { relation: { data_source_id: source, single_property: {} } } } })
await notion.dataSources.update({ data_source_id: source, properties: {
  Total: { rollup: { relation_property_name: 'Linked', rollup_property_name: 'Weight', function: 'sum' } } } })
const me = await notion.users.me({})

const create = (properties, more) => notion.pages.create({ parent: { data_source_id: source }, properties, ...more })
const change = (page_id, properties) => notion.pages.update({ page_id, properties })
const query = more => notion.dataSources.query({ data_source_id: source, ...more })
const all = more => collectPaginatedAPI(args => notion.dataSources.query(args), { data_source_id: source, ...more })

const tests = {
  async 'the bot, the users, the schema'() {
    assert.equal(me.type, 'bot')
    assert.ok(me.bot.workspace_id)
    assert.equal((await notion.users.list({})).results.length, 2)
    const described = await notion.dataSources.retrieve({ data_source_id: source })
    assert.equal(described.properties.Name.id, 'title')
    assert.equal(described.properties.Kind.select.options[0].name, 'Big')
    assert.equal(described.parent.database_id, database.id)
    assert.equal((await notion.databases.retrieve({ database_id: database.id })).properties, undefined)
  },

  async 'a page with every kind of value'() {
    const page = await create({
      Name: { title: text('All') }, Notes: { rich_text: [{ text: { content: 'bold', link: { url: 'https://example.org' } }, annotations: { bold: true } }, ...text(' plain')] },
      Weight: { number: 12.5 }, Kind: { select: { name: 'New kind' } }, Tags: { multi_select: [{ name: 'a' }, { name: 'b' }] }, State: { status: { name: 'Done' } },
      Due: { date: { start: '2026-05-01', end: '2026-05-03' } }, Final: { checkbox: true }, Link: { url: 'https://example.org/a' }, Mail: { email: 'a@example.org' },
      Phone: { phone_number: '+44 20' }, Who: { people: [{ id: me.id }] }, Papers: { files: [{ name: 'x', external: { url: 'https://example.org/x' } }] },
    })
    const read = (await notion.pages.retrieve({ page_id: page.id.replaceAll('-', '') })).properties
    assert.equal(plain(read.Notes.rich_text), 'bold plain')
    assert.equal(read.Notes.rich_text[0].annotations.bold, true)
    assert.equal(read.Weight.number, 12.5)
    assert.equal(read.Kind.select.name, 'New kind')
    assert.deepEqual(read.Tags.multi_select.map(one => one.name), ['a', 'b'])
    assert.equal(read.State.status.name, 'Done')
    assert.deepEqual(read.Due.date, { start: '2026-05-01', end: '2026-05-03', time_zone: null })
    assert.equal(read.Papers.files[0].external.url, 'https://example.org/x')
    assert.equal(read.Number.unique_id.prefix, 'DEC')
    assert.equal(read.Double.formula.number, 25)
    assert.equal(read.Author.created_by.id, me.id)
    assert.match(page.last_edited_time, /:00\.000Z$/)
    assert.deepEqual(page.parent, { type: 'data_source_id', data_source_id: source, database_id: database.id })
    const cleared = (await change(page.id, { Weight: { number: null }, Tags: { multi_select: [] }, Due: { date: null }, Notes: { rich_text: [] } })).properties
    assert.equal(cleared.Weight.number, null)
    assert.equal(cleared.Due.date, null)
    assert.equal(cleared.Mail.email, 'a@example.org')
  },

  async 'what it refuses'() {
    await fails('validation_error', create({ Foo: { number: 1 } }), /Foo is not a property that exists/)
    await fails('validation_error', create({ Name: { number: 1 } }), /Name is expected to be title/)
    await fails('validation_error', create({ State: { status: { name: 'Nope' } } }), /Invalid status option/)
    await fails('validation_error', create({ Kind: { select: { name: 'a,b' } } }))
    await fails('validation_error', create({ Made: { created_time: '2026-01-01' } }), /read only/)
    await fails('validation_error', create({ Mail: { email: '' } }))
    await fails('validation_error', create({ Name: { title: text('🙂' + 'x'.repeat(1999)) } }), /≤ `2000`, instead was `2001`/)
    await create({ Name: { title: text('🙂' + 'x'.repeat(1998)) } })
    await fails('validation_error', create({ Notes: { rich_text: Array(101).fill({ text: { content: 'x' } }) } }))
    await fails('object_not_found', notion.pages.retrieve({ page_id: '00000000-0000-4000-8000-000000000000' }), /shared/)
    await fails('unauthorized', client('2025-09-03', 'nobody').users.me({}))
    await fails('validation_error', query({ page_size: 101 }))
    await fails('validation_error', query({ start_cursor: '00000000-0000-4000-8000-000000000000' }))
    const bare = await fetch(`${url}/v1/users/me`, { headers: { Authorization: 'Bearer secret_practice' } })
    assert.equal((await bare.json()).code, 'missing_version')
  },

  async 'filters and sorts'() {
    for (const [n, name] of ['Alpha', 'Beta', 'Gamma'].entries())
      await create({ Name: { title: text(name) }, Weight: { number: n }, Notes: { rich_text: text('filters') }, Tags: { multi_select: [{ name: `t${n}` }, { name: 'all' }] } })
    const ours = { property: 'Notes', rich_text: { equals: 'filters' } }
    const names = async filter => (await all({ filter: { and: [ours, ...filter] }, sorts: [{ property: 'Weight', direction: 'descending' }] }))
      .map(page => plain(page.properties.Name.title))
    assert.deepEqual(await names([]), ['Gamma', 'Beta', 'Alpha'])
    assert.deepEqual(await names([{ property: 'Weight', number: { greater_than: 0 } }]), ['Gamma', 'Beta'])
    assert.deepEqual(await names([{ or: [{ property: 'Tags', multi_select: { contains: 't0' } }, { property: 'title', title: { starts_with: 'Ga' } }] }]), ['Gamma', 'Alpha'])
    assert.deepEqual(await names([{ property: 'Mail', email: { is_empty: true } }, { property: 'Final', checkbox: { equals: true } }]), [])
    assert.equal((await names([{ timestamp: 'last_edited_time', last_edited_time: { on_or_after: new Date(Date.now() - 3600e3).toISOString() } }])).length, 3)
    assert.equal((await names([{ timestamp: 'created_time', created_time: { before: '2020-01-01' } }])).length, 0)
    await fails('validation_error', query({ filter: { property: 'Weight', title: { equals: 'x' } } }), /does not match filter/)
    await fails('validation_error', query({ filter: { property: 'Kind', select: { equals: 'Never' } } }), /not found/)
    const column = await notion.dataSources.query({ data_source_id: source, filter: ours, filter_properties: [(await notion.dataSources.retrieve({ data_source_id: source })).properties.Tags.id] })
    assert.deepEqual(Object.keys(column.results[0].properties), ['Tags'])
  },

  async 'pages of a query, short ones too, and the end after so many rows'() {
    await practice('edit', { create: source, properties: { Name: { title: text('bulk') }, Notes: { rich_text: text('pages') } }, count: 230 })
    const filter = { property: 'Notes', rich_text: { equals: 'pages' } }
    const first = await query({ filter })
    assert.equal(first.results.length, 100)
    assert.equal(first.has_more, true)
    assert.equal(new Set((await all({ filter })).map(page => page.id)).size, 230)
    await practice('settings', { short_pages: 0.5 })
    assert.equal(new Set((await all({ filter })).map(page => page.id)).size, 230)
    await practice('settings', { short_pages: 0, max_rows: 150 })
    const second = await query({ filter, start_cursor: (await query({ filter })).next_cursor })
    assert.equal(second.results.length, 50)
    assert.equal(second.has_more, false)
    assert.equal(second.request_status.incomplete_reason, 'query_result_limit_reached')
    await practice('settings', { max_rows: 10000 })
  },

  async 'long lists are cut in a page and whole by the property'() {
    const ids = (await query({ filter: { property: 'Notes', rich_text: { equals: 'pages' } }, page_size: 30 })).results.map(page => page.id)
    const page = await create({ Name: { title: text('hub') }, Linked: { relation: ids.map(id => ({ id })) } })
    assert.equal(page.properties.Linked.relation.length, 25)
    assert.equal(page.properties.Linked.has_more, true)
    const items = await collectPaginatedAPI(args => notion.pages.properties.retrieve(args), { page_id: page.id, property_id: page.properties.Linked.id, page_size: 7 })
    assert.deepEqual(items.map(item => item.relation.id), ids)
    const single = await notion.pages.properties.retrieve({ page_id: page.id, property_id: page.properties.Weight.id })
    assert.deepEqual([single.object, single.number], ['property_item', null])
  },

  async 'trash and back'() {
    const page = await create({ Name: { title: text('bin') }, Notes: { rich_text: text('trash') } })
    const filter = { property: 'Notes', rich_text: { equals: 'trash' } }
    await notion.pages.update({ page_id: page.id, in_trash: true })
    assert.equal((await query({ filter })).results.length, 0)
    assert.equal((await query({ filter, in_trash: true })).results[0].id, page.id)
    assert.equal((await notion.pages.retrieve({ page_id: page.id })).in_trash, true)
    await fails('validation_error', change(page.id, { Weight: { number: 1 } }), /archived/)
    await notion.pages.update({ page_id: page.id, in_trash: false })
    assert.equal((await query({ filter })).results.length, 1)
    await notion.blocks.delete({ block_id: page.id })
    assert.equal((await notion.pages.retrieve({ page_id: page.id })).in_trash, true)
  },

  async 'the body of a page'() {
    const page = await create({ Name: { title: text('body') } })
    const paragraphs = words => words.map(word => ({ paragraph: { rich_text: text(word) } }))
    const append = (words, more) => notion.blocks.children.append({ block_id: page.id, children: paragraphs(words), ...more })
    const body = async () => (await collectPaginatedAPI(args => notion.blocks.children.list(args), { block_id: page.id, page_size: 50 }))
      .map(block => plain(block[block.type].rich_text))
    const [first] = (await append(['a', 'c'])).results
    await append(['b'], { after: first.id })
    assert.deepEqual(await body(), ['a', 'b', 'c'])
    await newest.blocks.children.append({ block_id: page.id, children: paragraphs(['z']), position: { type: 'start' } })
    await fails('validation_error', newest.request({ path: `blocks/${page.id}/children`, method: 'patch', body: { children: paragraphs(['x']), after: first.id } }))
    await notion.blocks.update({ block_id: first.id, paragraph: { rich_text: text('A') } })
    await notion.blocks.delete({ block_id: first.id })
    assert.deepEqual(await body(), ['z', 'b', 'c'])
    await append(Array(100).fill('many'))
    assert.equal((await body()).length, 103)
    await fails('validation_error', append(Array(101).fill('many')), /100/)
  },

  async 'three versions'() {
    const old = client('2022-06-28')
    const page = await create({ Name: { title: text('versions') } })
    assert.equal((await newest.pages.retrieve({ page_id: page.id })).archived, undefined)
    assert.equal(page.archived, false)
    await fails('validation_error', newest.pages.update({ page_id: page.id, archived: true }), /archived/)
    assert.deepEqual((await old.pages.retrieve({ page_id: page.id })).parent, { type: 'database_id', database_id: database.id })
    const rows = await old.request({ path: `databases/${database.id}/query`, method: 'post', body: { page_size: 3 } })
    assert.equal(rows.results.length, 3)
    assert.ok((await old.request({ path: `databases/${database.id}`, method: 'get' })).properties.Name)
    await fails('invalid_request_url', notion.request({ path: `databases/${database.id}/query`, method: 'post', body: {} }))
    await notion.dataSources.create({ parent: { type: 'database_id', database_id: database.id }, title: text('Second'), properties: { Name: { title: {} } } })
    const error = await fails('validation_error', old.request({ path: `databases/${database.id}/query`, method: 'post', body: {} }), /multiple data sources/)
    assert.equal(error.additional_data.child_data_source_ids.length, 2)
  },

  async 'limits and faults'() {
    await practice('settings', { rate: 2, window: 60 })
    await notion.users.me({})
    await notion.users.me({})
    const limited = await fails(APIErrorCode.RateLimited, notion.users.me({}))
    const wait = Number(limited.headers['retry-after'] ?? limited.headers.get('retry-after'))
    assert.ok(wait > 0 && wait <= 60, `Retry-After ${wait}`)
    await practice('settings', { rate: null })
    const page = await create({ Name: { title: text('faults') }, Weight: { number: 1 } })
    await practice('faults', { match: { method: 'PATCH' }, count: 1, status: 409 })
    await fails('conflict_error', change(page.id, { Weight: { number: 2 } }))
    await practice('faults', { match: { method: 'PATCH' }, count: 1, status: 502, committed: true })
    await assert.rejects(change(page.id, { Weight: { number: 3 } }), error => error.status === 502)
    assert.equal((await notion.pages.retrieve({ page_id: page.id })).properties.Weight.number, 3)
    await practice('faults', { match: { route: 'users/*' }, count: 1, html: 403 })
    await assert.rejects(notion.users.me({}), error => error.ray_id === 'practice' && error.request_id === undefined)
    await practice('faults', undefined, 'DELETE')
  },

  async 'what people do: edits, moves, copies, renames'() {
    const page = await create({ Name: { title: text('people') }, Weight: { number: 1 } })
    await practice('edit', { page: page.id, properties: { Weight: { number: 9 } } })
    const edited = await notion.pages.retrieve({ page_id: page.id })
    assert.equal(edited.properties.Weight.number, 9)
    assert.notEqual(edited.last_edited_by.id, me.id)
    const copy = await notion.pages.retrieve({ page_id: (await practice('edit', { page: page.id, duplicate: true })).page })
    assert.equal(plain(copy.properties.Name.title), 'people')
    assert.notEqual(copy.properties.Number.unique_id.number, edited.properties.Number.unique_id.number)
    await practice('schema', { data_source: source, properties: { Weight: { name: 'Mass' } } })
    const renamed = await notion.pages.retrieve({ page_id: page.id })
    assert.equal(renamed.properties.Mass.id, edited.properties.Weight.id)
    assert.equal(renamed.properties.Mass.number, 9)
    await practice('schema', { data_source: source, properties: { Mass: { name: 'Weight' } } })
    await practice('edit', { page: page.id, shared: false })
    await fails('object_not_found', notion.pages.retrieve({ page_id: page.id }))
  },

  async 'webhooks: handshake, signature, gathered events, attempts'() {
    const received = []
    let refusals = 1
    const receiver = http.createServer((request, response) => {
      let body = ''
      request.on('data', part => { body += part })
      request.on('end', () => {
        const event = JSON.parse(body)
        const refuse = event.type && refusals-- > 0
        if (!refuse) received.push({ event, body, signature: request.headers['x-notion-signature'] })
        response.writeHead(refuse ? 500 : 200).end()
      })
    })
    await new Promise(resolve => receiver.listen(0, '127.0.0.1', resolve))
    const until = async test => {
      for (const end = Date.now() + 20e3; Date.now() < end;) {
        if (test()) return
        await new Promise(resolve => setTimeout(resolve, 20))
      }
      assert.fail(`waited in vain; received ${JSON.stringify(received.map(one => one.event.type))}`)
    }
    await practice('webhooks', { url: `http://127.0.0.1:${receiver.address().port}/`, gather: 0.3, retry: 0.05 })
    await until(() => received.length === 1)
    const token = received[0].event.verification_token
    const page = await create({ Name: { title: text('unheard') } })
    await practice('verify', { token })
    await change(page.id, { Weight: { number: 1 } })
    await change(page.id, { Weight: { number: 2 }, Final: { checkbox: true } })
    await until(() => received.length === 2)
    for (const { body, signature } of received) assert.ok(await verifyWebhookSignature({ body, signature, verificationToken: token }))
    const { event } = received[1]
    assert.equal(event.type, 'page.properties_updated')
    assert.equal(event.entity.id, page.id)
    assert.equal(event.data.parent.data_source_id, source)
    assert.equal(event.data.updated_properties.length, 2)
    assert.equal(event.attempt_number, 2)
    assert.equal(event.authors[0].type, 'bot')
    await notion.pages.update({ page_id: page.id, in_trash: true })
    await until(() => received.at(-1).event.type === 'page.deleted')
    receiver.close()
    await practice('webhooks', undefined, 'DELETE')
  },
}

let failed = 0
for (const [name, test] of Object.entries(tests)) {
  try {
    await test()
    console.log(`ok   ${name}`)
  } catch (error) {
    failed += 1
    console.log(`FAIL ${name}\n${error.stack}`)
  }
}
process.exit(failed ? 1 : 0)
