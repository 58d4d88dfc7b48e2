import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { newStackFolder, writeState } from '../stack/stack-folder.ts'
import type { CommandContext } from './context.ts'
import { stackDown } from './stack-left.ts'

const scratch = mkdtempSync(path.join(tmpdir(), 'first-token-left-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const gone = { pid: 4_194_303, began: '0' }

function commandContext(name: string): { readonly context: CommandContext; readonly cache: string; readonly said: () => string } {
  const cache = path.join(scratch, name)
  let text = ''
  return { context: { argv: [], environment: { FIRST_TOKEN_CACHE: cache }, out: (words) => { text += words }, err: () => {}, width: undefined, colour: false }, cache, said: () => text }
}

/** A stack whose owner is gone. */
function leftBehind(cache: string, stack: string): string {
  const folder = newStackFolder(cache, stack)
  writeState(folder, { stack, owner: gone, since: '2026-01-01T00:00:00.000Z', sides: [] })
  return folder
}

test('without a name every stack is stopped, and each is called by its own', async () => {
  const { context, cache, said } = commandContext('all')
  const folders = [leftBehind(cache, 'ollama'), leftBehind(cache, 'open-webui')]
  expect(await stackDown(undefined, context)).toBe(0)
  expect(said()).toBe('ollama, since 2026-01-01T00:00:00.000Z: stopped\nopen-webui, since 2026-01-01T00:00:00.000Z: stopped\n')
  expect(folders.filter((folder) => existsSync(folder))).toEqual([])
})

test('with a name the others stay', async () => {
  const { context, cache, said } = commandContext('one')
  const [other, wanted] = [leftBehind(cache, 'ollama'), leftBehind(cache, 'open-webui')]
  await stackDown('open-webui', context)
  expect(said()).toMatch(/^open-webui, since \S+: stopped\n$/)
  expect([existsSync(other), existsSync(wanted)]).toEqual([true, false])
})

test('containers whose project cannot be read are not said to be stopped, and the others are', async () => {
  const { context, cache, said } = commandContext('lost')
  const [lost, other] = [leftBehind(cache, 'compose'), leftBehind(cache, 'ollama')]
  writeFileSync(path.join(lost, 'stack.json'), '{"sta')
  await expect(stackDown(undefined, context)).rejects.toMatchObject({ exitCode: 2, problems: [{ what: expect.stringContaining(lost), fix: expect.stringContaining('docker compose ls --all --filter name=first-token-') }] })
  expect(said()).toMatch(/^ollama, since \S+: stopped\n$/)
  expect([existsSync(lost), existsSync(other)]).toEqual([true, false])
})

test('what else was cut short is stopped, and called by its folder', async () => {
  const { context, cache, said } = commandContext('cut')
  writeFileSync(path.join(leftBehind(cache, 'open-webui'), 'stack.json'), '{"sta')
  await stackDown('open-webui', context)
  expect(said()).toBe('open-webui, since some time: stopped\n')
})
