import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { announcement } from '../src/commands/announcement.ts'
import { parseConfig } from '../src/commands/config-file.ts'
import { exitCodes } from '../src/errors.ts'

const root = join(import.meta.dirname, '..')
const page = readFileSync(join(root, 'docs/for-operators.md'), 'utf8')
const fences = (language: string): string[] => [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(([, body = '']) => body)

/** What somebody who runs a server need not know. */
const statistical = /percentile|\bp\d\d\b|\bintervals?\b|confiden|\bmedian|\bsampl|quantile|\baverage|\bmeans?\b|deviation|varian[ct]|significan|distribution|probabilit|hypothes|outlier|correlat|statistic|regression|bootstrap|estimat|binomial|standard error|null hypothesis/i

test('the page for operators has no statistical word', () => {
  expect(page.split('\n').filter((line) => statistical.test(line))).toEqual([])
})

test('the words that are looked for would be found', () => {
  for (const word of ['p95', 'the 95 % interval', 'Confidence', 'medians', 'a sample of', 'quantile', 'on average', 'percentiles', 'significantly', 'the mean of']) expect(word).toMatch(statistical)
  for (const word of ['meanwhile', 'simple', 'example', 'up95']) expect(word).not.toMatch(statistical)
})

test('it has two or three pages, and its lines can be read in an editor', () => {
  expect(page.split(/\s+/).length).toBeLessThan(2_100)
  expect(page.split('\n').filter((line) => line.length > 180)).toEqual([])
})

test('every configuration on it is one, and holds no secret', async () => {
  const configs = fences('json')
  expect(configs.length).toBeGreaterThan(1)
  for (const config of configs) expect(Object.keys(await parseConfig(config)).length).toBeGreaterThan(0)
})

test('every shell block on it can be read by a shell', () => {
  const blocks = fences('sh')
  expect(blocks.some((block) => block.startsWith('#!/bin/sh') && block.includes('docker compose'))).toBe(true)
  for (const block of blocks) expect(spawnSync('sh', ['-n'], { input: block, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
})

test('the commands of the way through are there, in their order, and no verb that there is not', () => {
  const places = ['first-token init', 'first-token run all --label before', 'docker compose -f docker-compose.prod.yaml up -d', 'first-token run all --label after --against before', "--switch './switch.sh {side}'"].map((command) => page.indexOf(command))
  expect(places.every((place) => place > 0)).toBe(true)
  expect(places).toEqual([...places].sort((one, other) => one - other))
  const verbs = [...page.matchAll(/first-token ([a-z]+)/g)].map(([, verb]) => verb)
  expect([...new Set(verbs)].filter((verb) => !['init', 'run', 'report', 'mock', 'can', 'on', 'did', 'the', 'then', 'for', 'stops'].includes(verb ?? ''))).toEqual([])
})

test('what it announces is what is announced', () => {
  const shown = (fences('text')[0] ?? '').replaceAll(/\s+/g, ' ')
  expect(shown).toContain(announcement({ messages: 75, tokens: 12_000, time: 420_000, inFlight: 2, host: 'chat.example.org', model: 'llama3' }))
})

test('every exit code that an operator can meet is explained', () => {
  const table = page.slice(page.indexOf('## What the words say'), page.indexOf('**With a slow model.**'))
  for (const code of Object.values(exitCodes).filter((one) => one !== exitCodes.terminated)) expect(table).toMatch(new RegExp(`(^|[ |])${code}([ ,;:|]|$)`, 'm'))
})

test('the table of the operators has all six rows', () => {
  for (const row of ['Simple chat', 'Web search chat', 'Second message while the first is running', 'Network disconnect', 'Concurrent users', 'Memory swapping']) expect(page).toMatch(new RegExp(`^\\| ${row} \\|`, 'm'))
})

test('every file that it links to is there', () => {
  const links = [...page.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(([, link = '']) => link)
  expect(links.length).toBeGreaterThan(1)
  expect(links.filter((link) => !existsSync(join(root, 'docs', link)))).toEqual([])
})
