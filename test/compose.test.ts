import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DCLinter } from 'dclint'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { problemsOf } from './compose/problems.ts'
import { loadProject, secrets } from './compose/project.ts'

const root = path.resolve(import.meta.dirname, '..')
const file = path.join(root, 'docker-compose.test.yaml')
const text = readFileSync(file, 'utf8')

/** The file with one thing changed, which has to be there. */
function broken(from: string, to: string): string {
  expect(text).toContain(from)
  return text.replace(from, to)
}

test('the containers are what the native profiles are: variables, ports, limits, health, pinned images', () => {
  expect(problemsOf(loadProject(text))).toEqual([])
})

test.each([
  { what: 'tag', from: 'image: redis:7.0.15-alpine', to: 'image: redis:alpine', sentence: 'redis: the image redis:alpine is not pinned to a version' },
  { what: 'pinned default', from: '${BEFORE_IMAGE:-ghcr.io/open-webui/open-webui:v0.12.4}', to: '${BEFORE_IMAGE:-ghcr.io/open-webui/open-webui:main}', sentence: 'open-webui-before: the image ghcr.io/open-webui/open-webui:main is not pinned to a version' },
  { what: 'port', from: '127.0.0.1:${AFTER_PORT:-3002}:8080', to: '127.0.0.1:${AFTER_PORT:-3002}:8081', sentence: 'open-webui-after: it listens on 8080, and 8081 is published' },
  { what: 'interface', from: '127.0.0.1:${MOCK_PORT:-9100}:9100', to: '${MOCK_PORT:-9100}:9100', sentence: 'mock-llm: port 9100 is open to others than this machine' },
  { what: 'variable', from: 'THREAD_POOL_SIZE: "20"', to: 'THREAD_POOL_SIZE: "40"', sentence: 'open-webui-after: THREAD_POOL_SIZE is 40, and the native profile has 20' },
  { what: 'variable that is missing', from: '      WEBSOCKET_MANAGER: redis\n', to: '', sentence: 'open-webui-recommended: WEBSOCKET_MANAGER is not set, and the native profile has redis' },
  { what: 'variable too many', from: '      DATABASE_POOL_SIZE: "10"', to: '      DATABASE_POOL_SIZE: "10"\n      DATABASE_POOL_MAX_OVERFLOW: "0"', sentence: 'open-webui-after: the native profile does not set DATABASE_POOL_MAX_OVERFLOW' },
  { what: 'service', from: '  redis:\n    image: redis', to: '  rediss:\n    image: redis', sentence: 'open-webui-recommended depends on redis, which is not there' },
  { what: 'limit', from: 'memory: 4G', to: 'memory: 5G', sentence: 'open-webui-before: it may take 5 GB of memory, and the operators gave it 4' },
  { what: 'health interval', from: 'interval: 60s', to: 'interval: 30s', sentence: 'open-webui-after: it is asked every 30s whether it is well, and by the operators every 60s' },
  { what: 'condition', from: 'condition: service_healthy', to: 'condition: service_started', sentence: 'open-webui-before waits for mock-llm to be started, not to be well' },
])('a broken $what is found', ({ from, to, sentence }) => {
  expect(problemsOf(loadProject(broken(from, to)))).toContain(sentence)
})

test('no secret stands in it: whoever gives none is told of it', () => {
  expect(() => loadProject(text, {})).toThrow(/required variable FIRST_TOKEN_SECRET is missing a value: .*openssl rand/)
  expect(() => loadProject(text, { FIRST_TOKEN_SECRET: secrets.FIRST_TOKEN_SECRET })).toThrow(/FIRST_TOKEN_PASSWORD/)
  const values = [...text.matchAll(/^ +\w*(?:SECRET|PASSWORD)\w*: (.*)$/gm)].map(([, value]) => value)
  expect(values.length).toBeGreaterThan(3)
  expect(values.filter((value) => !/^\$\{FIRST_TOKEN_(?:SECRET|PASSWORD):\?/.test(value ?? ''))).toEqual([])
})

test('your own images take the place of the pinned ones', () => {
  const { services } = loadProject(text, { ...secrets, BEFORE_IMAGE: 'astra:1.4', AFTER_IMAGE: 'astra:1.5' })
  expect(['before', 'after', 'recommended'].map((side) => services[`open-webui-${side}`]?.image)).toEqual(['astra:1.4', 'astra:1.5', 'astra:1.5'])
})

test.each(['mock-llm/Dockerfile', 'deploy/harness/Dockerfile'])('%s is named by the file, is pinned, runs as nobody special, and copies what is there', (name) => {
  const dockerfile = readFileSync(path.join(root, name), 'utf8')
  expect(text).toContain(`dockerfile: ${name}`)
  expect(dockerfile).toMatch(/^FROM node:20\.\d+\.\d+-slim$/m)
  expect(dockerfile.search(/^USER node$/m)).toBeLessThan(dockerfile.search(/^ENTRYPOINT /m))
  const copied = [...dockerfile.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, sources = '']) => sources.split(' '))
  expect(copied.length).toBeGreaterThan(0)
  // dist/ is made by the build, which every install runs.
  expect(copied.filter((source) => !existsSync(path.join(root, source)))).toEqual([])
  const sent = readFileSync(path.join(root, '.dockerignore'), 'utf8').split('\n').filter((line) => line.startsWith('!')).map((line) => line.slice(1))
  expect(copied.filter((source) => !sent.includes(source))).toEqual([])
})

/** Its types import each other in a way that TypeScript does not follow here. */
const linterClass = z.custom<new (config: object) => { lintFiles: (files: string[], isRecursive: boolean) => unknown }>((member) => typeof member === 'function')
const said = z.array(z.object({ messages: z.array(z.object({ rule: z.string(), message: z.string(), line: z.number() })) }))

/** What dclint says of files with these contents, by the rules that every editor finds here. */
function linted(contents: readonly string[]): string[][] {
  const folder = mkdtempSync(path.join(tmpdir(), 'first-token-dclint-'))
  try {
    const { rules } = z.object({ rules: z.record(z.string(), z.literal(0)) }).parse(JSON.parse(readFileSync(path.join(root, '.dclintrc.json'), 'utf8')))
    const linter = new (linterClass.parse(DCLinter))({ rules, quiet: false, debug: false, exclude: [] })
    return contents.map((content, index) => {
      const copy = path.join(folder, `docker-compose.${index}.yaml`)
      writeFileSync(copy, content)
      return said.parse(linter.lintFiles([copy], false)).flatMap(({ messages }) => messages.map(({ rule, message, line }) => `${line}: ${rule}: ${message}`))
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('dclint has nothing to say of it, and would of a tag that moves and a port that everybody reaches', () => {
  const [sound, tag, port] = linted([text, broken('image: redis:7.0.15-alpine', 'image: redis:latest'), broken("'127.0.0.1:${MOCK_PORT:-9100}:9100'", "'9100:9100'")])
  expect(sound).toEqual([])
  expect(tag).toEqual([expect.stringContaining('service-image-require-explicit-tag')])
  expect(port).toEqual([expect.stringContaining('no-unbound-port-interfaces')])
})
