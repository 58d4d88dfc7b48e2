/** What `--set-env` changes, as a second compose file: by service, or on all of them. */
export interface EnvironmentChange {
  /** Undefined: every side. */
  readonly side: string | undefined
  readonly name: string
  readonly value: string
}

/** JSON is YAML. A dollar in a value is a dollar, not the beginning of a variable. */
export function overrideFile(services: ReadonlyMap<string, string>, changes: readonly EnvironmentChange[]): string {
  const entries = [...services].map(([side, service]): [string, object] => [service, {
    environment: Object.fromEntries(changes.filter((change) => change.side === undefined || change.side === side).sort(namedLast).map(({ name, value }) => [name, value.replaceAll('$', '$$$$')])),
  }])
  return `${JSON.stringify({ services: Object.fromEntries(entries) }, undefined, 2)}\n`
}

/** What is said of one side stands above what is said of all. */
const namedLast = (one: EnvironmentChange, other: EnvironmentChange): number => Number(one.side !== undefined) - Number(other.side !== undefined)
