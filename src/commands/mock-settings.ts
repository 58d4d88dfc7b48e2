import { request } from 'undici'
import { type Problem, UsageError } from '../errors.ts'
import { nearest } from '../nearest.ts'

/** A value as the mock's settings API takes it. */
type MockValue = number | string | boolean | null | Readonly<Record<string, number | string>>

/** What --defect mock: changes, by name. */
export type MockSettings = Readonly<Record<string, MockValue>>

interface MockSetting {
  /** Undefined for what is no value of it. */
  readonly read: (text: string) => MockValue | undefined
  readonly takes: string
}

const number = (text: string): number | undefined => (/^\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined)

function whole(least: number, most: number = Number.MAX_SAFE_INTEGER): MockSetting {
  const read = (text: string): number | undefined => (/^\d+$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined)
  return { read, takes: most === Number.MAX_SAFE_INTEGER ? `a whole number of at least ${least}` : `a whole number from ${least} to ${most}` }
}

const orNull = ({ read, takes }: MockSetting): MockSetting => ({ read: (text) => (text === 'null' ? null : read(text)), takes: `${takes}, or null for none` })
const matching = (pattern: RegExp, takes: string): MockSetting => ({ read: (text) => (pattern.test(text) ? text : undefined), takes })

const delay: MockSetting = {
  read: (text) => {
    const [, kind, first, second] = /^(?:(normal|lognormal):(?=.*,))?(\d+(?:\.\d+)?)(?:,(\d+(?:\.\d+)?))?$/.exec(text) ?? []
    if (kind === 'normal') return { kind, mean: Number(first), sd: Number(second) }
    if (kind === 'lognormal') return { kind, median: Number(first), sigma: Number(second) }
    return first === undefined || second !== undefined ? undefined : Number(first)
  },
  takes: 'ms like 20, normal:MEAN,SD or lognormal:MEDIAN,SIGMA',
}
const milliseconds: MockSetting = { read: number, takes: 'ms like 300' }
const flag: MockSetting = { read: (text) => (text === 'true' ? true : text === 'false' ? false : undefined), takes: 'true or false' }
const fault = matching(
  /^(?:hang(?:@.*)?|(?:silence|rst|fin)@(?:headers|first|end|\d{1,6})|(?:heartbeat|garbage|error)@(?:first|end|\d{1,6})|split@(?:first|\d{1,6})|status:[45]\d\d(?:@headers)?)$/,
  'KIND@PLACE like silence@first, rst@3 or status:500@headers',
)
const onePart = '(?:crlf|comments|utf8|usage-last|no-done|(?:packed|several):[1-9]\\d{0,3})'
const shape = matching(new RegExp(`^(?!.*(?:packed|several).*(?:packed|several))${onePart}(?:,${onePart})*$`), 'shapes like packed:3 or crlf, with commas between several')

/** What of the mock can be changed while it runs: the contract of `mock-llm/settings.ts`, written twice like the others. */
const table: Readonly<Record<string, MockSetting>> = {
  slots: orNull(whole(1)),
  queue: orNull(whole(0)),
  head: delay,
  first: delay,
  gap: delay,
  firstTokenDelay: milliseconds,
  slowdown: { read: number, takes: 'a number of at least 0' },
  tokens: whole(1, 100_000),
  reasoning: whole(0, 100_000),
  tools: flag,
  finishesWhenGone: flag,
  fault: orNull(fault),
  shape: orNull(shape),
  searchTakes: milliseconds,
  searchStatus: { read: (text) => (/^(?:200|[45]\d\d)$/.test(text) ? Number(text) : undefined), takes: '200, or a status from 400 to 599' },
  pages: whole(0, 100),
  pageBytes: whole(0, 2 ** 25),
  pageTakes: milliseconds,
  seed: whole(0),
}

/** The settings that can be changed at run time. */
export const mockSettingNames: readonly string[] = Object.keys(table)

/** Reads --defect of a real stack: it has no settings of ours to spoil, and the mock behind it has. */
export function mockSettings(texts: readonly string[], problems: Problem[]): MockSettings {
  const settings: Record<string, MockValue> = {}
  for (const text of texts) {
    const [, name, value] = /^mock:([^=]*)(?:=(.*))?$/s.exec(text) ?? []
    if (name === undefined) {
      problems.push({ what: `--defect ${text} changes the control stack, and another was asked for.`, fix: 'Of a real stack only the mock model behind it can be spoilt: --defect mock:slots=1.' })
      continue
    }
    const setting = Object.hasOwn(table, name) ? table[name] : undefined
    const read = value === undefined ? undefined : setting?.read(value)
    if (setting === undefined) problems.push({ what: `--defect ${text}: mock has no setting "${name}".`, fix: meant(name) })
    else if (value === undefined || value === '') problems.push({ what: `--defect ${text}: mock:${name} has no value.`, fix: `Write --defect mock:${name}=VALUE; it takes ${setting.takes}.` })
    else if (read === undefined) problems.push({ what: `--defect ${text}: ${name} cannot be "${value}".`, fix: `It takes ${setting.takes}.` })
    else settings[name] = read
  }
  return settings
}

function meant(name: string): string {
  const suggestion = nearest(name, mockSettingNames)
  return suggestion === undefined ? `It has ${mockSettingNames.join(', ')}.` : `Did you mean ${suggestion}?`
}

/**
 * Changes settings of a mock that runs. Nothing is asked where nothing is to be changed.
 * @throws {UsageError} with what the mock says of a name or a value that it does not take.
 */
export async function changeMockSettings(url: string, settings: MockSettings): Promise<void> {
  if (Object.keys(settings).length === 0) return
  const answer = await request(`${url}/mock/settings`, { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: JSON.stringify(settings) })
  const words = await answer.body.text()
  if (answer.statusCode !== 200) throw new UsageError({ what: `--defect mock: was refused: ${words.trim()}`, fix: 'mock-llm/README.md has the settings and their values.' })
}
