import type { Problem } from '../errors.ts'
import type { TargetFlag } from './run-request.ts'

/** `--container [SIDE:]NAME`: without a side it is the one target, whichever side that is. */
export function inContainers(targets: readonly TargetFlag[], texts: readonly string[], problems: Problem[]): TargetFlag[] {
  const containers = new Map<string, string>()
  const isOne = new Set(targets.map(({ kind, url }) => `${kind}=${url}`)).size === 1
  for (const text of targets.length === 0 ? [] : texts) {
    const [, side, name] = /^(?:([\w.-]+):)?([A-Za-z0-9][\w.-]*)$/.exec(text) ?? []
    const sides = targets.filter((one) => (side === undefined ? isOne : one.side === side)).map((one) => one.side)
    if (name === undefined) problems.push({ what: `--container ${text} is not [SIDE:]NAME.`, fix: 'Write the name that docker ps shows: --container astra-ai, for one.' })
    else if (sides.length === 0) problems.push({ what: side === undefined ? `--container ${text} does not say which side runs in it.` : `--container ${text}: there is no side ${side} in this run.`, fix: `Write --container ${targets[0]?.side ?? ''}:${name}, for one; there are ${targets.map((one) => one.side).join(', ')}.` })
    else if (sides.some((one) => containers.has(one))) problems.push({ what: `--container ${text}: that side has a container already.`, fix: 'Name one a side.' })
    else for (const one of sides) containers.set(one, name)
  }
  return targets.map((one) => {
    const container = containers.get(one.side)
    return container === undefined ? one : { ...one, container }
  })
}
