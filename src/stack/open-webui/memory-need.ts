import type { Problem } from '../../errors.ts'

/** What a process of Open WebUI takes, bytes: workers, and the parent of several, which loads everything too. */
const perProcess = 350e6
/** Redis, the mock and whoever measures, bytes. */
const besides = 500e6

export interface MemoryNeed {
  readonly name: string
  readonly workers: number
}

const processesOf = ({ workers }: MemoryNeed): number => (workers === 1 ? 1 : workers + 1)
const needOf = (sides: readonly MemoryNeed[]): number => besides + perProcess * sides.reduce((sum, side) => sum + processesOf(side), 0)

/** Why these sides cannot be up together without swapping, which would measure the disk; and which of them can. Undefined where they can. */
export function memoryProblem(sides: readonly MemoryNeed[], availableBytes: number | undefined): Problem | undefined {
  if (availableBytes === undefined || needOf(sides) <= availableBytes) return undefined
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`
  const what = `${sides.map(({ name, workers }) => `${name} (${workers} ${workers === 1 ? 'worker' : 'workers'})`).join(', ')} together need ${gigabytes(needOf(sides))} of memory, and ${gigabytes(availableBytes)} are left: they would swap.`
  const fitting = sides.map((_, index) => sides.slice(0, sides.length - index)).find((fewer) => needOf(fewer) <= availableBytes)
  const lone = sides.find((side) => needOf([side]) <= availableBytes)
  const choice = fitting ?? (lone === undefined ? undefined : [lone])
  if (choice !== undefined) return { what, fix: `Measure fewer at a time: --profiles ${choice.map(({ name }) => name).join(',')}` }
  return { what, fix: 'Make room, or ask for fewer workers: --set-env UVICORN_WORKERS=1' }
}
