import type { Run, SideSpec } from '../sample/run-file.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'

/** One side of a run. */
export interface RunSide {
  readonly run: Run
  readonly side: SideSpec
}

/**
 * What keeps two runs from being compared, a sentence each; empty where they may be. What stands in a report must be the doing of the change, and not
 * of another question, another model, another way of asking or another machine that asks.
 */
export function runDifferences(before: RunSide, after: RunSide): string[] {
  const scenario = scenarioDifferences(before.run, after.run)
  if (before.run.header.scenario.name !== after.run.header.scenario.name) return scenario
  return [...scenario, ...compared(conditions(before), conditions(after))]
}

type Conditions = Readonly<Record<string, string | number | undefined>>

function conditions({ run: { header }, side }: RunSide): Conditions {
  const { rules, environment, engine } = header
  return {
    size: rules.size,
    load: rules.load ?? 'full',
    'stall limit': rules.stallLimitFixed ? `fixed at ${rules.stallFloor} ms` : `from the quiet window, ${rules.stallFloor} ms at least`,
    'kind of target': side.kind,
    model: side.model,
    'our mock behind it': side.hasMock ? 'yes' : 'no',
    engine,
    ...Object.fromEntries(['cpu', 'cores', 'platform'].map((name) => [`machine that asks (${name})`, textOf(environment[name])])),
  }
}

const textOf = (value: string | number | boolean | undefined): string | undefined => (value === undefined ? undefined : String(value))

function compared(before: Conditions, after: Conditions): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) => (before[name] === after[name] ? [] : [`${name}: ${before[name] ?? 'none'}, then ${after[name] ?? 'none'}`]))
}

function scenarioDifferences({ header: before }: Run, { header: after }: Run): string[] {
  if (before.scenario.name !== after.scenario.name) return [`scenario: ${before.scenario.name}, then ${after.scenario.name}`]
  const named = (params: ScenarioSpec['params'] = {}): Conditions => Object.fromEntries(Object.entries(params).map(([name, value]) => [`parameter ${name}`, value]))
  const params = compared(named(before.scenario.params), named(after.scenario.params))
  // Another size or parameter makes other phases of the same file; what differs has its name then.
  if (params.length > 0 || before.rules.size !== after.rules.size || sameQuestion(before.scenario, after.scenario)) return params
  const [one, other] = [before, after].map(({ versions }) => versions['scenario'] ?? 'unknown')
  return [`what scenario ${after.scenario.name} says and claims (its file is ${one}, then ${other})`]
}

/** Of two files that were written differently but ask and claim the same, neither is another scenario. */
function sameQuestion(one: ScenarioSpec, other: ScenarioSpec): boolean {
  const asked = ({ messages, phases, claims, observe, needs }: ScenarioSpec): string => JSON.stringify(sorted({ messages, phases, claims, observe, needs }))
  return asked(one) === asked(other)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)).map(([name, inner]) => [name, sorted(inner)]))
}
