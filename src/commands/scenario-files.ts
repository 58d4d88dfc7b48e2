import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { type Problem, UsageError } from '../errors.ts'
import { nearest } from '../nearest.ts'
import { scenariosFolder } from './package-files.ts'

/** Names of the scenarios that come with the product. */
export function scenarioNames(): string[] {
  return readdirSync(scenariosFolder()).filter((file) => file.endsWith('.ts')).map((file) => file.slice(0, -3)).sort()
}

/** What `all` is: the scenarios of the operators' own tests and table. */
const missionScenarios = ['simple-chat', 'web-search', 'concurrent', 'disconnect', 'long-story', 'capacity', 'crowd']

/** Stacks of ours whose answers people read in a page, which gets them another way than an API does: `all` asks there as well whether they come. */
const stacksWithPages: readonly (string | undefined)[] = ['open-webui', 'compose']
const pageScenarios = ['multi-worker']

/**
 * The files of the scenarios named, those that `all` stands for once: a name of ours, or a path to a scenario of the user's. `stack` is the one that is to be started for them.
 * @throws {UsageError} for every name that is neither, with the nearest that is.
 */
export function scenarioFiles(asked: readonly string[], stack?: string): string[] {
  const known = scenarioNames()
  const all = [...missionScenarios, ...(stacksWithPages.includes(stack) ? pageScenarios : [])]
  const names = asked.flatMap((name) => (name === 'all' ? all.filter((one) => !asked.includes(one)) : [name]))
  const problems: Problem[] = []
  if (names.length === 0) problems.push({ what: 'No scenario was named.', fix: `Name some of ${known.join(', ')}; all; or a file like ./my-scenario.ts.` })
  const files = names.map((name) => {
    if (known.includes(name)) return path.join(scenariosFolder(), `${name}.ts`)
    const isPath = /[/\\]|\.[cm]?[jt]s$/.test(name)
    if (isPath && existsSync(name)) return path.resolve(name)
    problems.push(isPath ? { what: `There is no scenario file ${name}.`, fix: 'Check the path.' } : unknownName(name, known))
    return ''
  })
  if (problems.length > 0) throw new UsageError(problems)
  return files
}

function unknownName(name: string, known: readonly string[]): Problem {
  const suggestion = nearest(name, known)
  const flagLost = /^\d/.test(name) ? ' If it belongs to a flag, npm took the flag: put -- before the arguments (npm run scenario -- concurrent …).' : ''
  return { what: `There is no scenario "${name}".`, fix: `${suggestion === undefined ? `There are: ${known.join(', ')}.` : `Did you mean ${suggestion}?`}${flagLost}` }
}
