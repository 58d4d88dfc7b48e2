import { randomInt } from 'node:crypto'
import { createServer, type Server } from 'node:net'
import { UsageError } from '../errors.ts'

/** Below those that systems give out by themselves (Linux from 32,768 on): nobody gets one of these who does not ask for it by its number. */
const ownRange = { from: 20_000, to: 32_000 }

/**
 * So many free loopback ports: from `first` on, one after another, or whichever are free. Nobody holds them afterwards, so that whoever asks for one by its
 * number may take it before it is used.
 * @throws {UsageError} with every port that was asked for and is taken.
 */
export async function freePorts(count: number, first?: number): Promise<number[]> {
  const wanted = Array.from({ length: count }, (_, index) => (first === undefined ? undefined : first + index))
  const servers = await Promise.all(wanted.map((port) => (port === undefined ? listeningAnywhere() : listening(port))))
  try {
    const taken = wanted.filter((_, index) => servers[index] === undefined)
    if (taken.length > 0) throw new UsageError(taken.map((port) => ({ what: `Port ${port} is taken.`, fix: 'Name another with --port, leave it out for free ones, or end what has it: first-token stack down stops what first-token left.' })))
    return servers.flatMap((server) => (server === undefined ? [] : [portOf(server)]))
  } finally {
    await Promise.all(servers.map((server) => new Promise<void>((resolve) => { if (server === undefined) resolve(); else server.close(() => resolve()) })))
  }
}

/** On a port of our own range, or where that is full, on whichever the system gives. */
async function listeningAnywhere(): Promise<Server | undefined> {
  for (let tries = 0; tries < 50; tries += 1) {
    const server = await listening(randomInt(ownRange.from, ownRange.to))
    if (server !== undefined) return server
  }
  return listening(0)
}

const listening = (port: number): Promise<Server | undefined> => new Promise((resolve) => {
  const server = createServer()
  server.once('error', () => resolve(undefined))
  server.listen(port, '127.0.0.1', () => resolve(server))
})

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
