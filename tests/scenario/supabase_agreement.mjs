// Sends the same requests to a real PostgREST and to the practice server and compares them answer by answer.
//
//   node supabase_agreement.mjs sql                       prints the fixture as PostgreSQL DDL
//   node supabase_agreement.mjs compare REAL_URL OUR_URL  exit 1 when an answer differs
//   node supabase_agreement.mjs show URL [from [to]]      prints the answers
import { readFileSync } from 'node:fs'
import { ddl } from '../support/fixture_sql.mjs'
import { cases } from './supabase_agreement_cases.mjs'

const fixture = JSON.parse(readFileSync(new URL('supabase_agreement_fixture.json', import.meta.url)))
const keys = { service: 'sb_secret_practice', anon: 'sb_publishable_practice' }

async function ask(base, test) {
  const [method, path, headers = {}, body] = test.request
  const { as = 'service', ...rest } = headers
  const type = body === undefined || rest['Content-Type'] !== undefined ? {} : { 'Content-Type': 'application/json' }
  const answer = await fetch(`${base}/rest/v1/${path}`, {
    method, body, headers: { ...(keys[as] ? { apikey: keys[as] } : {}), ...type, ...rest },
  })
  const text = await answer.text()
  const header = name => answer.headers.get(name)
  return { status: answer.status, range: header('content-range'), type: header('content-type'),
    location: header('location'), applied: header('preference-applied'), authenticate: header('www-authenticate'), text }
}

// White space outside of strings means nothing; digits do, so numbers are never parsed.
function compact(text) {
  return text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, string) => string ?? '')
}

const clocks = /"(created_at|updated_at)":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?\+00:00"/g
const ids = /"uid":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"/g

function normal(answer, test) {
  let text = compact(answer.text)
  if (answer.status >= 400 && text.startsWith('{"')) {
    const error = JSON.parse(text)
    if (test.except?.includes('hint')) delete error.hint
    text = JSON.stringify(error, Object.keys(error).sort())
  }
  text = text.replace(clocks, '"$1":T').replace(ids, '"uid":U').replace(/"xmin":"\d+"/g, '"xmin":X')
  // The row's text in a failed constraint holds generated values too.
  text = text.replace(/Failing row contains \([^"]*\)/g, row =>
    row.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\+00/g, 'T').replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'U'))
  const out = { ...answer, text }
  if (!test.only406 || answer.status === 406) for (const name of test.except ?? []) delete out[name]
  return out
}

async function compare(real, ours) {
  let failed = 0
  for (const test of cases) {
    const [left, right] = await Promise.all([ask(real, test), ask(ours, test)])
    const [want, got] = [JSON.stringify(normal(left, test)), JSON.stringify(normal(right, test))]
    if (want === got) continue
    failed += 1
    const [method, path, ...rest] = test.request
    console.log(`DIFFERS: ${method} ${path} ${JSON.stringify(rest)}\n  real ${want}\n  ours ${got}`)
  }
  console.log(`${cases.length} requests, ${failed} differ`)
  for (const why of new Set(cases.flatMap(test => test.why ?? []))) {
    const some = cases.filter(test => test.why === why)
    console.log(`  not compared in ${some.length} answers: ${some[0].except} (${why})`)
  }
  process.exitCode = failed === 0 ? 0 : 1
}

async function show(url, from = 0, to = cases.length) {
  for (const [index, test] of cases.slice(0, to).entries()) {
    const answer = await ask(url, test)
    if (index >= from) console.log(index, test.request.join(' ').slice(0, 160), '\n  ', JSON.stringify(answer))
  }
}

const [mode, ...args] = process.argv.slice(2)
if (mode === 'sql') console.log(ddl(fixture))
else if (mode === 'compare') await compare(args[0], args[1])
else if (mode === 'show') await show(args[0], Number(args[1] ?? 0), Number(args[2] ?? cases.length))
