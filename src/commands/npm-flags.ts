import type { Problem } from '../errors.ts'

/** Flags that npm knows too, and which a user's own npm configuration may set for reasons of its own. */
const npmsOwn = new Set(['yes', 'force', 'json', 'color', 'offline', 'help', 'version', 'silent'])

/**
 * Flags that npm swallowed: `npm run scenario concurrent --quick` hands npm the flag and us nothing. npm leaves a trace, an environment variable
 * named like the flag.
 */
export function swallowedFlags(environment: Readonly<Record<string, string | undefined>>, flags: readonly string[], argv: readonly string[]): Problem[] {
  if (environment['npm_lifecycle_event'] === undefined) return []
  const script = environment['npm_lifecycle_event']
  return flags
    .filter((flag) => !npmsOwn.has(flag) && environment[`npm_config_${flag.replaceAll('-', '_')}`] !== undefined && !argv.includes(`--${flag}`))
    .map((flag) => ({
      what: `npm took --${flag} for itself, and it never reached the scenario.`,
      fix: `Put -- before the arguments: npm run ${script} -- ${[...argv.filter((word) => word !== 'run'), `--${flag}`].join(' ')} …`,
    }))
}
