import { cpus, loadavg, release, totalmem } from 'node:os'
import { readFileSync } from 'node:fs'
import { packageVersion } from './package-files.ts'

/** The machine that generates the load, as the run file keeps it. No host name: a report is shown to others. */
export function environment(): Record<string, string | number> {
  const processors = cpus()
  return {
    platform: `${process.platform} ${release()}`,
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    load1: loadavg()[0] ?? 0,
    ...containerised(),
  }
}

function containerised(): Record<string, string> {
  try {
    return readFileSync('/proc/self/cgroup', 'utf8').includes('docker') ? { container: 'docker' } : {}
  } catch {
    return {}
  }
}

export const versions = (): Record<string, string> => ({ 'first-token': packageVersion(), node: process.versions.node })
