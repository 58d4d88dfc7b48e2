// `npm run check`: what must hold before a commit, in half a minute at most. Every step runs even where an earlier one failed, because whoever
// has three things to repair wants to hear of three. Exits 1 where any step failed. `npm run check lint types` runs those steps alone.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'

const root = import.meta.dirname

/** Each step returns what is wrong, a text a problem; an empty list passes. */
const steps = {
  types: () => tool('tsc', ['--noEmit']),
  lint: () => tool('oxlint', ['--deny-warnings', '.']),
  boundaries: () => tool('vitest', ['run', 'test/boundaries.test.ts']),
  unused: () => tool('knip', ['--no-progress', '--treat-config-hints-as-errors']),
  duplicates: () => duplicatePackages(lock()),
  lockfile: () => lockfileProblems(lock(), JSON.parse(read('package.json'))),
  paths: () => trackedFiles().flatMap(leaks),
  names: () => trackedFiles().flatMap(vagueFolders),
}

const tool = (name, flags) => {
  const { status, signal, stdout, stderr, error } = spawnSync(join(root, 'node_modules/.bin', name), flags, { cwd: root, encoding: 'utf8', maxBuffer: 64e6, stdio: ['ignore', 'pipe', 'pipe'] })
  if (status === 0) return []
  return [error?.message ?? (`${stdout}${stderr}`.trim() || `${name} ended with ${signal ?? status} and said nothing`)]
}

const read = (file) => readFileSync(join(root, file), 'utf8')
const lock = () => JSON.parse(read('package-lock.json'))

/** The last segment behind node_modules/: the lock nests a second version of a package below the one that asked for it. */
const packageName = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)

/** Packages that users would install in two versions. Development tools may disagree among themselves. */
function duplicatePackages({ packages }) {
  const versions = new Map()
  for (const [path, { version, dev, devOptional }] of Object.entries(packages)) {
    if (path === '' || dev || devOptional) continue
    versions.set(packageName(path), new Set([...(versions.get(packageName(path)) ?? []), version]))
  }
  if (versions.size === 0) return ['package-lock.json has no production package: the reading of it is wrong']
  return [...versions].filter(([, found]) => found.size > 1).map(([name, found]) => `${name} is installed as ${[...found].join(' and ')}`)
}

function lockfileProblems({ packages }, manifest) {
  const addresses = Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined).map(([path]) => `${path} has a resolved address; keep omit-lockfile-registry-resolved in .npmrc`)
  const loose = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(([, version]) => !/^\d/.test(version)).map(([name, version]) => `${name} is not pinned: ${version}`)
  const apart = ['dependencies', 'devDependencies'].filter((kind) => !isDeepStrictEqual(packages['']?.[kind] ?? {}, manifest[kind] ?? {}))
  return [...addresses, ...loose, ...apart.map((kind) => `${kind} of package.json and package-lock.json differ: run npm install`)]
}

/** What git tracks or would track. Without git, a refusal: nothing looked at is not nothing wrong. */
function trackedFiles() {
  const { status, stdout } = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8', maxBuffer: 64e6 })
  const files = status === 0 ? stdout.split('\0').filter((file) => file !== '' && existsSync(join(root, file))) : []
  if (files.length < 30) throw new Error(`git lists ${files.length} files: too few to be this repository`)
  return files
}

/** Home folders of one machine, and the hosts that packages came from: both work for their author alone. */
const leakPatterns = [
  { pattern: /(?<![\w./~-])\/(?:home|root|Users|work)\/[\w.-]+/, what: 'an absolute path of one machine' },
  { pattern: /\b[A-Z]:\\Users\\/, what: 'an absolute path of one machine' },
  { pattern: /https?:\/\/[\w.-]*(?:registry|npmjs|pypi|nexus|artifactory|goproxy|proxy\.golang)[\w.-]*/i, what: 'a package registry address' },
]

function leaks(file) {
  if (statSync(join(root, file)).size > 2_000_000) return []
  const text = read(file)
  if (text.includes('\0')) return []
  return text.split('\n').flatMap((line, index) => leakPatterns.filter(({ pattern }) => pattern.test(line)).map(({ pattern, what }) => `${file}:${index + 1}: ${what}: ${pattern.exec(line)?.[0]}`))
}

/** A folder or file called so is where code goes that nobody has named. */
function vagueFolders(file) {
  const vague = file.split('/').find((part) => /^(?:utils?|helpers?|commons?|managers?|services?|misc)(?:\.\w+)*$/i.test(part))
  return vague === undefined ? [] : [`${file}: "${vague}" names nothing; call it by what it holds`]
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !(name in steps))
if (unknown.length > 0) {
  console.error(`check: there is no step ${unknown.join(', ')}; the steps are ${Object.keys(steps).join(', ')}`)
  process.exit(2)
}

let failed = 0
const chosen = Object.entries(steps).filter(([name]) => asked.length === 0 || asked.includes(name))
for (const [name, step] of chosen) {
  const startedAt = performance.now()
  let problems
  try {
    problems = step()
  } catch (error) {
    problems = [String(error)]
  }
  if (problems.length > 0) failed += 1
  console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${name.padEnd(11)} ${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(5)} s`)
  for (const problem of problems) console.log(problem.replaceAll(/^/gm, '     '))
}
console.log(`check: ${chosen.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
