import { spawnSync } from 'node:child_process'
import { connect } from 'node:net'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Problem } from '../../errors.ts'
import type { ProcessGroup, ProcessGroups } from '../process-groups.ts'
import { SideProcessError } from '../side-process.ts'
import { install } from './python.ts'

/** A Redis that can be started. */
export interface Redis {
  readonly program: string
  readonly version: string
}

/** The first server of Redis, or of its free twin, on the path; or what is missing, with the command that mends it. */
export function findRedis(searched: string, programs: readonly string[] = ['redis-server', 'valkey-server']): Redis | Problem {
  for (const program of programs) {
    const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8', env: { PATH: searched }, timeout: 10_000 })
    const [, version] = /v=(\d[\w.]*)/.exec(stdout ?? '') ?? []
    if (status === 0 && version !== undefined) return { program, version }
  }
  return { what: 'A side with several workers shares its sockets by Redis, and there is no redis-server on the PATH.', fix: `${install('redis-server', 'redis')}, or leave those sides out: --profiles before,after` }
}

/** On the loopback and in memory alone. Resolves when it answers. */
export async function startRedis(groups: ProcessGroups, { program }: Redis, side: { readonly name: string; readonly folder: string; readonly port: number; readonly path: string; readonly signal: AbortSignal }): Promise<ProcessGroup> {
  const name = `redis ${side.name}`
  const command = [program, '--port', String(side.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', side.folder] as const
  const group = await groups.start({ name, command, environment: { PATH: side.path }, folder: side.folder, log: path.join(side.folder, 'redis.log') })
  for (let tries = 0; tries < 200; tries += 1) {
    if (group.hasEnded()) throw new SideProcessError(`${name} did not start: ${(await group.ended).detail}`)
    if (await answersPing(side.port)) return group
    await wait(50, undefined, { signal: side.signal })
  }
  throw new SideProcessError(`${name} did not answer within 10 s`)
}

const answersPing = (port: number): Promise<boolean> => new Promise((resolve) => {
  const socket = connect({ port, host: '127.0.0.1' })
  const told = (answers: boolean): void => {
    socket.destroy()
    resolve(answers)
  }
  socket.setTimeout(1_000, () => told(false))
  socket.once('error', () => told(false))
  socket.once('data', (bytes) => told(bytes.toString().startsWith('+PONG')))
  socket.once('connect', () => socket.write('PING\r\n'))
})
