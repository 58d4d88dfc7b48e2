import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { problemsOf } from './problems.ts'
import { loadProject, type Project, projectSchema, secrets } from './project.ts'

// docker-compose.test.yaml as the library reads it that Docker Compose itself is made of, and as Compose itself does where it is.

const root = path.resolve(import.meta.dirname, '../..')
const file = path.join(root, 'docker-compose.test.yaml')
const text = readFileSync(file, 'utf8')
const scratch = mkdtempSync(path.join(tmpdir(), 'first-token-compose-test-'))
const program = path.join(scratch, 'compose-check')
const environment = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...secrets }

beforeAll(() => {
  const build = spawnSync('go', ['build', '-mod=readonly', '-o', program, '.'], { cwd: path.join(root, 'test/fixtures/compose-check'), encoding: 'utf8' })
  if (build.error !== undefined) throw new Error(`Go is not here, and without it nothing reads the compose file as Docker does: install it (${build.error.message})`)
  if (build.status !== 0) throw new Error(`go build: ${build.stderr}`)
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

interface Read { readonly project: Project | undefined; readonly words: string }

/** Relative paths of the file are those of its folder: a copy stands beside it in a folder of its own, which is enough to load it. */
function read(content: string, variables: Readonly<Record<string, string>> = environment): Read {
  const copy = path.join(scratch, 'docker-compose.test.yaml')
  writeFileSync(copy, content)
  const { status, stdout, stderr } = spawnSync(program, [copy], { encoding: 'utf8', env: variables, maxBuffer: 64e6 })
  return { project: status === 0 ? projectSchema.parse(JSON.parse(stdout)) : undefined, words: stderr }
}

/** The file with one thing changed, which has to be there. */
function broken(from: string, to: string): string {
  expect(text).toContain(from)
  return text.replace(from, to)
}

/** What of a project is compared with another reading of it: memory and times are written in several ways. */
const compared = ({ services }: Project): object => Object.fromEntries(Object.entries(services).sort(([one], [other]) => (one < other ? -1 : 1)).map(([name, { image, profiles = [], environment: variables = {}, ports = [], depends_on: dependencies = {}, deploy, healthcheck }]) => [name, {
  image, profiles, variables, dependencies: Object.fromEntries(Object.entries(dependencies).map(([other, { condition }]) => [other, condition])), ports: ports.map(({ host_ip: host, published, target }) => ({ host, published, target })),
  memory: deploy?.resources?.limits?.memory, health: { disable: healthcheck?.disable ?? false, test: healthcheck?.test ?? [], interval: healthcheck?.interval?.replace('1m0s', '60s') },
}]))

test('Docker\'s own library loads the file, finds in it what the native profiles are, and what the quick tests find', () => {
  const { project, words } = read(text)
  expect(words).toBe('')
  expect(project === undefined ? undefined : problemsOf(project)).toEqual([])
  expect(project === undefined ? undefined : compared(project)).toEqual(compared(loadProject(text)))
})

test.each([
  { what: 'tag', from: '${AFTER_IMAGE:-ghcr.io/open-webui/open-webui:v0.12.4}', to: '${AFTER_IMAGE:-ghcr.io/open-webui/open-webui:main}', sentence: 'open-webui-after: the image ghcr.io/open-webui/open-webui:main is not pinned to a version' },
  { what: 'port', from: '127.0.0.1:${AFTER_PORT:-3002}:8080', to: '127.0.0.1:${AFTER_PORT:-3002}:8081', sentence: 'open-webui-after: it listens on 8080, and 8081 is published' },
  { what: 'variable', from: 'THREAD_POOL_SIZE: "20"', to: 'THREAD_POOL_SIZE: "40"', sentence: 'open-webui-after: THREAD_POOL_SIZE is 40, and the native profile has 20' },
  { what: 'limit', from: 'memory: 4G', to: 'memory: 5G', sentence: 'open-webui-before: it may take 5 GB of memory, and the operators gave it 4' },
])('a broken $what is found', ({ from, to, sentence }) => {
  const { project } = read(broken(from, to))
  expect(project === undefined ? undefined : problemsOf(project)).toContain(sentence)
})

test.each([
  { what: 'service that others wait for and that is not there', from: '  redis:\n    image: redis', to: '  rediss:\n    image: redis', words: /open-webui-recommended.*depends on undefined service.*redis/ },
  { what: 'word that Compose does not know', from: 'stop_grace_period: 5s', to: 'stop_grace_periode: 5s', words: /stop_grace_periode/ },
  { what: 'volume that nobody declares', from: '  before-data: {}\n', to: '', words: /open-webui-before.*undefined volume before-data/ },
  { what: 'port that is none', from: "'127.0.0.1:${TOXIPROXY_PORT:-8474}:8474'", to: "'127.0.0.1:${TOXIPROXY_PORT:-8474}:eight'", words: /eight/ },
])('a $what is refused', ({ from, to, words }) => {
  const { project, words: said } = read(broken(from, to))
  expect(project).toBeUndefined()
  expect(said).toMatch(words)
})

test('without the secrets it is refused, with what to do', () => {
  const { words } = read(text, { PATH: environment.PATH })
  expect(words).toMatch(/required variable FIRST_TOKEN_(?:SECRET|PASSWORD) is missing a value: /)
})

const compose = spawnSync('docker', ['compose', 'version', '--short'], { encoding: 'utf8' })
const isThere = compose.status === 0
test.skipIf(!isThere)(`docker compose config reads the same${isThere ? ` (${compose.stdout.trim()})` : ': NOT ASKED, there is no docker compose on this machine'}`, () => {
  const { status, stdout, stderr } = spawnSync('docker', ['compose', '--file', file, '--profile', '*', 'config', '--format', 'json'], { encoding: 'utf8', env: environment, cwd: root })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(compared(projectSchema.parse(JSON.parse(stdout)))).toEqual(compared(loadProject(text)))
})
