import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { FakeEngine } from '../stack/compose/test/fake-engine.ts'
import { startedComposeStack } from './started-compose-stack.ts'
import type { StackRequest } from './stack-request.ts'
import type { StartedStack } from './started-stack.ts'

const servers: Server[] = []
const stacks: StartedStack[] = []
const engines: FakeEngine[] = []
afterEach(async () => {
  for (const stack of stacks.splice(0)) await stack.down()
  for (const server of servers.splice(0)) server.close()
  for (const engine of engines.splice(0)) engine.remove()
  vi.unstubAllEnvs()
})

/** Stands in for the sides and for the mock: lets everybody in, and takes every setting but `no`. Tells what it was asked. */
async function door(): Promise<{ readonly port: number; readonly asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (bytes: Buffer) => { body += bytes.toString() })
    request.on('end', () => {
      const email = /"email":"([^"]+)"/.exec(body)?.[1] ?? ''
      asked.push(`${request.method} ${request.url} ${email === '' ? body : email}`)
      response.statusCode = body.includes('"no"') ? 400 : 200
      response.end(body.includes('"no"') ? 'there is no setting no\n' : JSON.stringify({ token: `token-of-${email.split('@')[0]}` }))
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return { port: (server.address() as AddressInfo).port, asked }
}

async function started(parts: Partial<StackRequest> = {}): Promise<{ stack: Promise<StartedStack>; asked: string[]; engine: FakeEngine; notes: string[] }> {
  const engine = new FakeEngine()
  engines.push(engine)
  for (const [name, value] of Object.entries(engine.environment)) vi.stubEnv(name, value)
  const { port, asked } = await door()
  for (const service of ['mock-llm', 'open-webui-before', 'open-webui-after']) engine.write(`ports/${service}`, `127.0.0.1:${port}\n`)
  const notes: string[] = []
  const request: StackRequest = { name: 'compose', profiles: ['before', 'after'], via: 'api', modelServer: 'mock', environment: {}, untold: [], mockSettings: {}, errorWithin: 45_000, ...parts }
  const stack = startedComposeStack(request, { note: (line) => notes.push(line), signal: new AbortController().signal }).then((up) => {
    stacks.push(up)
    return up
  })
  stack.catch(() => {})
  return { stack, asked, engine, notes }
}

test('its sides are targets with settings and a container, entered by somebody with the role of everybody', async () => {
  const { stack, asked } = await started({ via: 'socket', mockSettings: { slots: 1 } })
  const up = await stack
  expect(up.targets).toMatchObject([
    { side: 'before', role: 'reference', kind: 'open-webui-socket', profile: 'before', settings: { memory: '4G', workers: 1 }, container: expect.stringMatching(/-open-webui-before-1$/) },
    { side: 'after', role: 'judged', profile: 'after', settings: { memory: '7G', workers: 4 }, container: expect.stringMatching(/-open-webui-after-1$/) },
  ])
  expect(up.access.get('after')?.headers).toEqual({ authorization: 'Bearer token-of-person' })
  expect([...up.models]).toEqual([['before', 'mock'], ['after', 'mock']])
  expect(asked.slice(0, 3)).toEqual(['POST /api/v1/auths/signin admin@first-token.test', 'POST /api/v1/auths/add person@first-token.test', 'POST /api/v1/auths/add other@first-token.test'])
  expect(asked.at(-1)).toBe('PATCH /mock/settings {"slots":1}')
})

test('a quick run shortens the time-outs that stand in the profiles, and none that was set by hand', async () => {
  const { stack, engine, notes } = await started({ errorWithin: 6_000, environment: { THREAD_POOL_SIZE: '30', 'before:AIOHTTP_CLIENT_TIMEOUT': '7' } })
  await stack
  const override: unknown = JSON.parse(readFileSync(/--file (\S+override\.json)/.exec(engine.calls.join('\n'))?.[1] ?? '', 'utf8'))
  expect(override).toEqual({ services: {
    'open-webui-before': { environment: { AIOHTTP_CLIENT_TIMEOUT: '7', THREAD_POOL_SIZE: '30' } },
    'open-webui-after': { environment: { AIOHTTP_CLIENT_TIMEOUT: '6', THREAD_POOL_SIZE: '30' } },
  } })
  expect(notes[0]).toMatch(/within 6(?:\.0)?\d* s instead of 45/)
})

test('what the mock does not take is a usage error, and the containers are taken down', async () => {
  const { stack, engine } = await started({ mockSettings: { no: 1 } })
  await expect(stack).rejects.toThrow(/--defect mock: was refused: there is no setting no/)
  expect(engine.containers).toEqual({})
})
