import { existsSync } from 'node:fs'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { knownStacks, newStackFolder, writeState } from '../stack-folder.ts'
import { containerLogs, stopContainers } from './left-over.ts'
import { FakeEngine } from './test/fake-engine.ts'

const engines: FakeEngine[] = []
afterEach(() => { for (const engine of engines.splice(0)) engine.remove() })

/** An engine with a project whose owner is gone, and that nobody has taken down. */
function leftBehind(): FakeEngine {
  const engine = new FakeEngine()
  engines.push(engine)
  const cache = path.join(engine.folder, 'cache')
  writeState(newStackFolder(cache, 'compose', 'first-token-1-abc'), { stack: 'compose', owner: { pid: 4_194_303, began: '0' }, since: '2026-01-01T00:00:00.000Z', project: 'first-token-1-abc', sides: [] })
  return engine
}

const soon = { owner: 100, reaper: 50 }
const stacksOf = (engine: FakeEngine) => knownStacks(path.join(engine.folder, 'cache'), 'compose')

test('what was left behind is taken down by its name, and its folder goes', async () => {
  const engine = leftBehind()
  const [stack] = stacksOf(engine)
  if (stack === undefined) expect.fail('no stack is known')
  await stopContainers(stack, 'first-token-1-abc', engine.environment, soon)
  expect(engine.calls).toEqual(['compose --project-name first-token-1-abc down --volumes --remove-orphans --timeout 5'])
  expect(existsSync(stack.folder)).toBe(false)
})

test('where Docker does not do it, its words are told and the stack stays known', async () => {
  const engine = leftBehind()
  engine.write('fail/down', 'Cannot connect to the Docker daemon\n')
  const [stack] = stacksOf(engine)
  if (stack === undefined) expect.fail('no stack is known')
  await expect(stopContainers(stack, 'first-token-1-abc', engine.environment, soon)).rejects.toThrow(/first-token-1-abc were not taken down: Cannot connect/)
  expect(stacksOf(engine)).toHaveLength(1)
})

test('logs are those of the containers', async () => {
  const engine = leftBehind()
  engine.write('logs/open-webui-after', 'INFO:     Started server process [7]\n')
  expect(await containerLogs('first-token-1-abc', ['open-webui-after'], engine.environment)).toBe('INFO:     Started server process [7]\n')
  engine.write('fail/logs', 'no such service\n')
  await expect(containerLogs('first-token-1-abc', ['open-webui-after'], engine.environment)).rejects.toThrow(/docker compose logs: no such service/)
})
