import { spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'

// What a user installs: packed from a copy of the sources, unpacked, and used. `npm test` has built dist/ before; a copy is packed because
// packing builds, and other tests start what stands in dist/ meanwhile.

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'first-token-package-'))
const copy = join(folder, 'copy')
const user = join(folder, 'user')
const installed = join(user, 'node_modules/first-token')

const lockfile = z.object({ packages: z.record(z.string(), z.object({ dev: z.boolean().optional(), optional: z.boolean().optional() })) })
const packed = z.tuple([z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) })])

let files: string[] = []

/** npm_config_* of the surrounding `npm test` would be taken for flags of ours, or of the npm that packs. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith('npm_')))

function command(name: string, flags: readonly string[], cwd: string, env: NodeJS.ProcessEnv = environment): SpawnSyncReturns<string> {
  return spawnSync(name, flags, { cwd, encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64e6 })
}

/** As `npm ci --ignore-scripts` leaves it: nothing that a postinstall script makes, esbuild's own program above all. */
function modulesWithoutScripts(target: string): void {
  mkdirSync(target)
  for (const name of readdirSync(join(root, 'node_modules'))) if (name !== 'esbuild' && name !== '.package-lock.json') symlinkSync(join(root, 'node_modules', name), join(target, name))
  mkdirSync(join(target, 'esbuild/lib'), { recursive: true })
  for (const file of ['package.json', 'lib/main.js', 'lib/main.d.ts']) cpSync(join(root, 'node_modules/esbuild', file), join(target, 'esbuild', file))
}

beforeAll(() => {
  mkdirSync(copy)
  for (const name of ['src', 'mock-llm', 'scenarios', 'package.json', 'build.mjs', 'tsconfig.json', 'tsconfig.types.json', 'docker-compose.test.yaml', 'deploy', '.dockerignore', 'LICENSE', 'README.md', 'CHANGELOG.md']) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(copy, name), { recursive: true })
  }
  modulesWithoutScripts(join(copy, 'node_modules'))
  const { stdout, stderr, status } = command('npm', ['pack', '--json', '--loglevel=error'], copy)
  if (status !== 0) throw new Error(`npm pack failed: ${stdout}${stderr}`)
  const [{ filename, files: list }] = packed.parse(JSON.parse(stdout.slice(stdout.search(/^\[/m))))
  files = list.map(({ path }) => path)
  mkdirSync(installed, { recursive: true })
  const unpacked = command('tar', ['-xzf', join(copy, filename), '--strip-components=1', '-C', installed], folder)
  if (unpacked.status !== 0) throw new Error(`tar failed: ${unpacked.stderr}`)
  for (const name of productionPackages()) {
    const target = join(user, name)
    mkdirSync(join(target, '..'), { recursive: true })
    if (existsSync(join(root, name)) && !existsSync(target)) symlinkSync(join(root, name), target)
  }
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Paths in node_modules of what an install without development dependencies holds on this machine. */
function productionPackages(): string[] {
  const { packages } = lockfile.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')))
  return Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true).map(([path]) => path)
}

function sizeOf(path: string): number {
  const found = lstatSync(path)
  return found.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0) : found.size
}

test('the package holds what runs, the scenarios, the types and the papers', () => {
  for (const file of ['dist/cli.js', 'dist/scenario.js', 'dist/mock-llm.js', 'dist/control-gateway.js', 'dist/types/scenario/index.d.ts', 'scenarios/concurrent.ts', 'docker-compose.test.yaml', 'mock-llm/Dockerfile', 'deploy/harness/Dockerfile', '.dockerignore', 'LICENSE', 'README.md', 'CHANGELOG.md']) {
    expect(files).toContain(file)
  }
})

test('the package holds no test, no source and no report', () => {
  expect(files.filter((file) => /(^|\/)(test|src|reports|node_modules)\/|\.test\.ts/.test(file))).toEqual([])
})

test('installed without development dependencies it stays under 100 MB', () => {
  const present = productionPackages().filter((path) => existsSync(join(root, path)))
  const bytes = sizeOf(installed) + present.reduce((sum, path) => sum + sizeOf(join(root, path)), 0)
  expect(present.length).toBeGreaterThan(5)
  expect(bytes).toBeGreaterThan(5e6)
  expect(bytes).toBeLessThan(100e6)
})

test('what is installed runs from a folder of its own, and its scenarios load', () => {
  const list = command('node', [join(installed, 'dist/cli.js'), 'run', '--list'], user)
  expect(list.stdout).toContain('concurrent')
  const explained = command('node', [join(installed, 'dist/cli.js'), 'run', 'concurrent', '--dry-run'], user)
  expect([explained.status, explained.stderr]).toEqual([0, ''])
})

test('a scenario in the repository of a user has its types, and a misspelt label there does not compile', () => {
  writeFileSync(join(user, 'tsconfig.json'), JSON.stringify({ compilerOptions: { module: 'nodenext', strict: true, noEmit: true, target: 'es2022', types: [], skipLibCheck: true }, include: ['*.mts'] }))
  const source = readFileSync(join(root, 'scenarios/concurrent.ts'), 'utf8')
  const compile = (text: string): string => {
    writeFileSync(join(user, 'own.mts'), text)
    return command(join(root, 'node_modules/.bin/tsc'), ['--project', '.', '--pretty', 'false'], user).stdout
  }
  expect(compile(source)).toBe('')
  expect(compile(source.replace("while: 'story'", "while: 'stroy'"))).toContain('"stroy"')
})

test('--help costs at most 0.3 s of CPU', () => {
  const cli = join(root, 'dist/cli.js')
  expect(existsSync(cli), 'dist/cli.js is missing: `npm test` builds first, and so does `node build.mjs`').toBe(true)
  // The cheapest of three: what the other processes of a busy machine add belongs to them.
  const costs = Array.from({ length: 3 }, () => {
    const { stdout, status } = command('bash', ['-c', 'node "$0" --help >/dev/null && times', cli], user)
    expect(status).toBe(0)
    // The second line of `times` is what the children took: user, system.
    return [...(stdout.split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0)
  })
  expect(Math.min(...costs)).toBeGreaterThan(0.005)
  expect(Math.min(...costs)).toBeLessThan(0.3)
})

test('an older Node is told which one is needed, in a sentence and not in a stack', () => {
  const pretend = "data:text/javascript,Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.19.0' } })"
  const { status, stderr, stdout } = command('node', ['--import', pretend, join(root, 'dist/cli.js'), 'run', '--list'], user)
  expect(status).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/18\.19\.0/)
  expect(stderr).toMatch(/20\.19/)
  expect(stderr).not.toMatch(/^\s+at /m)
})

test('it builds after an install that ran no scripts: the program of esbuild comes with its own package', () => {
  expect(existsSync(join(copy, 'node_modules/esbuild/bin'))).toBe(false)
  expect(statSync(join(copy, 'dist/cli.js')).size).toBeGreaterThan(1_000)
})

test('where esbuild is absent the build says so and does not break the install', () => {
  const bare = join(folder, 'bare')
  mkdirSync(bare)
  cpSync(join(root, 'build.mjs'), join(bare, 'build.mjs'))
  const { status, stderr } = command('node', ['build.mjs'], bare)
  expect(stderr).toContain('esbuild is not installed')
  expect(status).toBe(0)
})
