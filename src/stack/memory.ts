import { readFileSync } from 'node:fs'

/** What may still be taken without swapping, bytes: of the machine, and of the container where that has a limit. Undefined where the system does not say. */
export function availableMemoryBytes(read: (file: string) => string | undefined = readOrNone): number | undefined {
  const [, kilobytes] = /^MemAvailable:\s+(\d+) kB$/m.exec(read('/proc/meminfo') ?? '') ?? []
  if (kilobytes === undefined) return undefined
  const limit = Number(read('/sys/fs/cgroup/memory.max') ?? 'max')
  const used = Number(read('/sys/fs/cgroup/memory.current') ?? '0')
  // Pages of files that nobody has touched for a while are given back before anything is swapped.
  const [, idle] = /^inactive_file (\d+)$/m.exec(read('/sys/fs/cgroup/memory.stat') ?? '') ?? []
  const machine = Number(kilobytes) * 1_024
  return Number.isFinite(limit) ? Math.max(0, Math.min(machine, limit - used + Number(idle ?? 0))) : machine
}

function readOrNone(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return undefined
  }
}
