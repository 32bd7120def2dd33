// The part of Supabase that stands before PostgREST: demands an apikey, turns new-style keys into a role's JWT, strips
// /rest/v1. With DATABASE, an address for psql, it sends webhooks and answers what the practice server has below /practice/.
//
// Environment: UPSTREAM, JWT_SECRET, and optionally SERVICE_KEY, ANON_KEY, PORT, DATABASE.
import http from 'node:http'
import { createHmac } from 'node:crypto'
import { controls } from './supabase_controls.mjs'

const { UPSTREAM, JWT_SECRET, PORT = '0', DATABASE } = process.env
const keys = {
  [process.env.SERVICE_KEY ?? 'sb_secret_practice']: 'service_role',
  [process.env.ANON_KEY ?? 'sb_publishable_practice']: 'anon',
}
const upstream = new URL(UPSTREAM)
const agent = new http.Agent({ keepAlive: true, maxSockets: 32 })

const base64url = value => Buffer.from(value).toString('base64url')
const hmac = text => createHmac('sha256', JWT_SECRET).update(text).digest('base64url')

function token(role) {
  const exp = Math.floor(Date.now() / 1000) + 300
  const text = `${base64url('{"alg":"HS256","typ":"JWT"}')}.${base64url(JSON.stringify({ role, exp }))}`
  return `${text}.${hmac(text)}`
}

// A legacy key is a JWT of ours that may be given as apikey.
function isLegacyKey(key) {
  const [head, claims, signature] = key.split('.')
  return signature !== undefined && hmac(`${head}.${claims}`) === signature
}

function refuse(reply, message, hint) {
  reply.writeHead(401, { 'Content-Type': 'application/json' })
  reply.end(JSON.stringify({ message, hint }))
}

// What PostgREST shall see as Authorization, or nothing where the key is bad.
function authorization(key, given) {
  const role = keys[key]
  if (!role) return isLegacyKey(key) ? given ?? `Bearer ${key}` : undefined
  return given === undefined || given === `Bearer ${key}` ? `Bearer ${token(role)}` : given
}

const server = http.createServer((request, reply) => {
  if (controlled && request.url.startsWith('/practice/')) return practice(request, reply)
  const url = new URL(request.url, 'http://front')
  const key = request.headers.apikey ?? url.searchParams.get('apikey')
  if (!key) {
    return refuse(reply, 'No API key found in request', 'No `apikey` request header or url param was found.')
  }
  const bearer = authorization(key, request.headers.authorization)
  if (!bearer) return refuse(reply, 'Invalid API key', 'Double check your Supabase `anon` or `service_role` API key.')
  if (keys[key] === 'service_role' && /Mozilla/.test(request.headers['user-agent'] ?? '')) {
    return refuse(reply, 'Forbidden use of secret API key in browser', 'Secret API keys can only be used in a protected environment.')
  }
  const path = request.url.replace(/^\/rest\/v1\/?/, '/')
  const options = { host: upstream.hostname, port: upstream.port, agent, method: request.method, path,
    headers: { ...request.headers, authorization: bearer, host: upstream.host } }
  const forward = http.request(options, answer => {
    reply.writeHead(answer.statusCode, answer.rawHeaders)
    answer.pipe(reply)
  })
  forward.on('error', () => {
    if (reply.headersSent) return reply.destroy()
    reply.writeHead(502, { 'Content-Type': 'text/html' })
    reply.end('<html><body>502 Bad Gateway</body></html>')
  })
  request.pipe(forward)
})

async function rest(method, path, headers, body) {
  return fetch(`${UPSTREAM}/${path}`, { method, body, headers: { authorization: `Bearer ${token('service_role')}`, ...headers } })
}

function setKey(key) {
  for (const [old, role] of Object.entries(keys)) if (role === 'service_role') delete keys[old]
  keys[key] = 'service_role'
}

async function practice(request, reply) {
  let status = 404
  let value = { message: `no route ${request.method} ${request.url}` }
  try {
    let text = ''
    for await (const piece of request) text += piece
    const route = controlled.routes[`${request.method} ${request.url.slice('/practice/'.length)}`]
    if (route) [status, value] = await route(text ? JSON.parse(text) : {})
  } catch (error) {
    [status, value] = [500, { message: error.message }]
  }
  reply.writeHead(status, { 'Content-Type': 'application/json' })
  reply.end(JSON.stringify(value))
}

const controlled = DATABASE ? await controls(DATABASE, rest, setKey) : undefined
if (controlled) {
  const round = () => controlled.send().catch(() => {}).then(() => setTimeout(round, 50))
  round()
}

server.listen(Number(PORT), '127.0.0.1', () => console.log(`listening http://127.0.0.1:${server.address().port}`))
