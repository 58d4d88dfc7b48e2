import { isMilliseconds, type Milliseconds, parseDuration } from '../duration.ts'

/** What the engine tells a scenario while it is loaded: put into the bundle in place of this name. Absent where the language runs unbundled. */
declare const FIRST_TOKEN_PARAMETERS: { readonly control: boolean; readonly quick: boolean; readonly set: Readonly<Record<string, string>> }

interface Elsewhere<V> {
  /** On the control stack, whose faults and deadlines are short. */
  readonly control?: V
  /** On the control stack, in a quick run. */
  readonly quick?: V
}

const declared: Record<string, number> = {}

/** The values that this scenario was made with; times in ms. */
export const parameters = (): Readonly<Record<string, number>> => ({ ...declared })

/**
 * A value that `--set NAME=VALUE` may change: `param('errorWithin', seconds(45), { control: seconds(2) })`. A time is set with its unit, `--set errorWithin=8s`.
 * @throws {TypeError} where what was set is no value of its kind, or the name was used before with another value.
 */
export function param(name: string, value: Milliseconds, elsewhere?: Elsewhere<Milliseconds>): Milliseconds
export function param(name: string, value: number, elsewhere?: Elsewhere<number>): number
export function param(name: string, value: Milliseconds | number, elsewhere: Elsewhere<Milliseconds | number> = {}): Milliseconds | number {
  if (!/^[a-z][A-Za-z0-9]*$/.test(name)) throw new TypeError(`param(${JSON.stringify(name)}): a name is a word like errorWithin`)
  const chosen = setValue(name, value) ?? usualValue(value, elsewhere)
  const plain = isMilliseconds(chosen) ? chosen.milliseconds : chosen
  if (declared[name] !== undefined && declared[name] !== plain) throw new TypeError(`param("${name}") is declared twice, as ${declared[name]} and ${plain}`)
  declared[name] = plain
  return chosen
}

function usualValue(value: Milliseconds | number, { control, quick }: Elsewhere<Milliseconds | number>): Milliseconds | number {
  if (typeof FIRST_TOKEN_PARAMETERS === 'undefined' || !FIRST_TOKEN_PARAMETERS.control) return value
  return (FIRST_TOKEN_PARAMETERS.quick ? quick : undefined) ?? control ?? value
}

function setValue(name: string, value: Milliseconds | number): Milliseconds | number | undefined {
  const text = typeof FIRST_TOKEN_PARAMETERS === 'undefined' ? undefined : FIRST_TOKEN_PARAMETERS.set[name]
  if (text === undefined) return undefined
  if (isMilliseconds(value)) {
    const time = parseDuration(text)
    if (time === undefined) throw new TypeError(`--set ${name}=${text}: ${name} is a time; write it with its unit, as in --set ${name}=8s`)
    return time
  }
  const plain = Number(text)
  if (text.trim() === '' || !Number.isFinite(plain) || plain < 0) throw new TypeError(`--set ${name}=${text}: ${name} is a number of at least 0`)
  return plain
}
