import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/**
 * Programs that stand in for python3 (with pip, and with an Open WebUI that is up at once and answers what is asked of it at its start) and for
 * redis-server. What the fake Open WebUI does is told by FAKE_*, which --set-env can say.
 */
export function fakePrograms(folder: string): string {
  mkdirSync(folder, { recursive: true })
  const page = path.join(folder, 'fake-open-webui.mjs')
  const redis = path.join(folder, 'fake-redis.mjs')
  writeFileSync(page, fakeOpenWebUi)
  writeFileSync(redis, fakeRedis)
  // Under the name that is looked for first, so that no real one is found.
  program(path.join(folder, 'python3.11'), `
[ "$1" = -I ] && shift
if [ "$1" = -c ]; then echo '{"executable":"${path.join(folder, 'python3.11')}","version":"3.11.7","venv":true}'; exit 0; fi
if [ "$1" = -m ] && [ "$2" = venv ]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; exit 0; fi
if [ "$1" = -m ]; then exit 0; fi
exec '${process.execPath}' '${page}' "$@"`)
  program(path.join(folder, 'redis-server'), `
if [ "$1" = --version ]; then echo 'Redis server v=7.0.15 sha=0'; exit 0; fi
exec '${process.execPath}' '${redis}' "$@"`)
  return folder
}

const program = (file: string, script: string): void => writeFileSync(file, `#!/bin/sh${script}\n`, { mode: 0o755 })

const fakeRedis = `
import { createServer } from 'node:net'
createServer((socket) => { socket.on('data', () => socket.write('+PONG\\r\\n')) }).listen(Number(process.argv[process.argv.indexOf('--port') + 1]), '127.0.0.1')
`

/** Its workers are processes that only wait; with FAKE_DEAF it is deaf to SIGTERM, as the real one is with an answer under way. */
const fakeOpenWebUi = `
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
const { FAKE_DIES: dies, FAKE_NEVER_READY: neverReady, FAKE_MODELS: models = 'mock', FAKE_DEAF: deaf, UVICORN_WORKERS: workers = '1', AIOHTTP_POOL_CONNECTIONS: pool = 'unlimited', WEB_LOADER_TIMEOUT: loader = '' } = process.env
if (dies !== undefined) {
  console.error(dies)
  process.exit(3)
}
if (deaf !== undefined) process.on('SIGTERM', () => {})
const pids = Array.from({ length: Number(workers) }, () => spawn('tail', ['-f', '/dev/null'], { stdio: 'ignore' }).pid)
for (const pid of pids) {
  console.log('INFO:     Started server process [' + pid + ']')
  if (neverReady === undefined) console.log('Scheduler worker started (timer)')
}
const answers = {
  '/ready': () => ({ status: true }),
  '/api/version': () => ({ version: '0.12.4' }),
  '/api/models': () => {
    console.log('Created shared aiohttp session pool (limit=' + pool + ', per_host=unlimited, dns_ttl=300)')
    return { data: models.split(',').map((id) => ({ id })) }
  },
  '/api/v1/retrieval/config': () => ({ web: { WEB_LOADER_TIMEOUT: loader } }),
  '/api/v1/auths/signin': () => ({ token: 'token-of-admin' }),
  '/api/v1/auths/add': (body) => ({ token: 'token-of-' + JSON.parse(body).email.replace(/@.*/, '') }),
}
createServer(async (request, response) => {
  let body = ''
  for await (const part of request) body += part
  const answer = answers[request.url]
  response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer?.(body) ?? {}))
}).listen(Number(process.argv[process.argv.indexOf('--port') + 1]), '127.0.0.1')
`
