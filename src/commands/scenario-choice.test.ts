import { expect, test } from 'vitest'
import { concurrent } from '../../test/fixtures/run.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import type { RunFlags } from './run-request.ts'
import { runRequest } from './run-request.ts'
import { targetsFor, viaNotTaken, whyLeftOut } from './scenario-choice.ts'

const needing = (...needs: string[]): ScenarioSpec => ({ ...concurrent, needs })
const kinds = async (spec: ScenarioSpec, flags: RunFlags): Promise<string[]> => targetsFor(spec, await runRequest(flags, {})).map(({ kind }) => kind)
const leftOut = async (spec: ScenarioSpec, flags: RunFlags): Promise<string | undefined> => whyLeftOut(spec, await runRequest(flags, {}))

test('a stack of ours is spoken to as the scenario needs it, else as --via says', async () => {
  expect(await kinds(needing('socket'), { stack: 'open-webui', profiles: 'after' })).toEqual(['open-webui-socket'])
  expect(await kinds(needing(), { stack: 'open-webui', profiles: 'after' })).toEqual(['open-webui'])
  expect(await kinds(needing(), { stack: 'open-webui', profiles: 'after', via: 'socket' })).toEqual(['open-webui-socket'])
})

test('a system that runs already is spoken to as it was named, and a scenario about its page says so', async () => {
  expect(await kinds(needing('socket'), { target: 'open-webui-socket=http://127.0.0.1:1' })).toEqual(['open-webui-socket'])
  expect(await leftOut(needing('socket'), { target: 'open-webui-socket=http://127.0.0.1:1' })).toBeUndefined()
  expect(await leftOut(needing('socket'), { target: 'open-webui=http://127.0.0.1:1' })).toMatch(/open-webui-socket=URL/)
  expect(await leftOut(needing('socket'), {})).toBeUndefined()
  expect(await leftOut(needing('socket'), { stack: 'ollama' })).toMatch(/run it with --stack open-webui/)
})

test('several people sit at the pages of a stack of ours alone', async () => {
  expect(await leftOut(needing('socket', 'people'), { target: 'open-webui-socket=http://127.0.0.1:1' })).toMatch(/accounts of several people.*--stack open-webui/)
  expect(await leftOut(needing('socket', 'people'), { stack: 'open-webui' })).toBeUndefined()
  expect(await leftOut(needing('socket', 'people'), {})).toBeUndefined()
})

test('whether the control stack is asked as a page does: where its scenario is about pages, or --via says so, or what it vouches for is one', async () => {
  const via = async (flags: RunFlags): Promise<string | undefined> => (await runRequest(flags, {})).controlVia
  expect([await via({}), await via({ via: 'api' }), await via({ via: 'socket' }), await via({ target: 'open-webui-socket=http://127.0.0.1:1' }), await via({ stack: 'open-webui', via: 'socket' })]).toEqual([undefined, undefined, 'socket', 'socket', 'socket'])
})

test('a stack of ours with a real model says how to get our mock, and not how to put one behind a system', async () => {
  const failing: ScenarioSpec = { ...concurrent, messages: { hello: { text: 'Hello', mock: { tokens: 1, firstTokenAfter: 2, gap: 20 }, fault: { kind: 'reset', afterTokens: 1 } } } }
  const past: ScenarioSpec = { ...concurrent, phases: { direct: { together: ['hello'], copies: [1], repeat: 1, via: 'model' } } }
  for (const spec of [failing, past]) {
    expect(await leftOut(spec, { stack: 'open-webui', modelServer: 'ollama' })).toMatch(/: leave out --model-server ollama$/)
    expect(await leftOut(spec, { stack: 'ollama' })).toMatch(/: run it with --stack open-webui$/)
    expect(await leftOut(spec, { stack: 'open-webui' })).toBeUndefined()
    expect(await leftOut(spec, { target: 'openai=http://127.0.0.1:1', load: 'full' })).toMatch(/our mock|first-token mock/)
  }
})

test('a --via api that a scenario about the page cannot go by is told', async () => {
  const told = async (spec: ScenarioSpec, flags: RunFlags): Promise<string | undefined> => viaNotTaken(spec, flags.via, await runRequest(flags, {}))
  expect(await told(needing('socket'), { stack: 'open-webui', via: 'api' })).toMatch(/is said over it: --via api does not hold for it\.$/)
  expect(await told(needing('socket'), { via: 'api' })).toMatch(/--via api does not hold/)
  expect(await told(needing('socket'), { stack: 'open-webui' })).toBeUndefined()
  expect(await told(needing('socket'), { stack: 'open-webui', via: 'socket' })).toBeUndefined()
  expect(await told(needing(), { stack: 'open-webui', via: 'api' })).toBeUndefined()
})
