import { z } from 'zod'
import type { UsageRecord } from '../sample/run-file.ts'
import type { DockerCli } from './docker-cli.ts'
import { jsonLine } from './json-line.ts'

const stats = z.object({ CPUPerc: z.string(), MemUsage: z.string() })
const units: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 }

export interface UsageOptions {
  readonly cli: DockerCli
  readonly container: string
  readonly now: () => number
  readonly onLook: (look: UsageRecord) => void
}

/** A container that is not there ends the stream; it may come back, ms. */
const again = 1_000

/**
 * Writes down about every second what a container takes. One stream of `docker stats`, which is begun anew where it ends: to call it again and again would
 * start a process each time, beside what is being measured.
 */
export function observeUsage({ cli, container, now, onLook }: UsageOptions): { stop(): void } {
  let isOver = false
  let timer: NodeJS.Timeout | undefined
  const begin = (): ReturnType<DockerCli['follow']> => {
    const stream = cli.follow(['stats', '--no-trunc', '--format', '{{json .}}', container], (line) => {
      const look = usageOf(line)
      if (look !== undefined && !isOver) onLook({ type: 'usage', container, at: now(), ...look })
    })
    void stream.ended.then(() => { if (!isOver) timer = setTimeout(() => { following = begin() }, again) })
    return stream
  }
  let following = begin()
  return {
    stop: () => {
      isOver = true
      clearTimeout(timer)
      following.stop()
    },
  }
}

/** Memory in bytes and CPU in cores of a line of `docker stats`; undefined where it tells of none, as of a container that does not run. */
export function usageOf(line: string): { readonly memory: number; readonly cpu: number } | undefined {
  // Between the lines it moves the cursor of a terminal, whether there is one or not.
  const json = line.slice(line.indexOf('{'), line.lastIndexOf('}') + 1)
  const { CPUPerc: share = '', MemUsage: used = '' } = stats.safeParse(jsonLine(json)).data ?? {}
  const [, size, unit] = /^([\d.]+)\s*([KMGTk]?i?B) \//.exec(used) ?? []
  const [, percent] = /^([\d.]+)%$/.exec(share) ?? []
  const memory = Number(size) * (units[unit ?? ''] ?? Number.NaN)
  return percent !== undefined && memory > 0 ? { memory: Math.round(memory), cpu: Number(percent) / 100 } : undefined
}
