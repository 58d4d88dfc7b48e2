import { createServer, type Server } from 'node:net'
import { UsageError } from '../errors.ts'

/**
 * So many free loopback ports: from `first` on, one after another, or whichever are free. Nobody holds them afterwards, so that whoever is quick may take
 * one before it is used.
 * @throws {UsageError} with every port that was asked for and is taken.
 */
export async function freePorts(count: number, first?: number): Promise<number[]> {
  const wanted = Array.from({ length: count }, (_, index) => (first === undefined ? 0 : first + index))
  const servers = await Promise.all(wanted.map(listening))
  try {
    const taken = wanted.filter((_, index) => servers[index] === undefined)
    if (taken.length > 0) throw new UsageError(taken.map((port) => ({ what: `Port ${port} is taken.`, fix: 'Name another with --port, leave it out for free ones, or end what has it: first-token stack down stops what first-token left.' })))
    return servers.flatMap((server) => (server === undefined ? [] : [portOf(server)]))
  } finally {
    await Promise.all(servers.map((server) => new Promise<void>((resolve) => { if (server === undefined) resolve(); else server.close(() => resolve()) })))
  }
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
