import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/** So many ports of the loopback interface that nobody has, all different. Somebody may take one before it is used; then the engine says so. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  await Promise.all(servers.map(async (server) => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }))
  const ports = servers.map(portOf)
  await Promise.all(servers.map(async (server) => {
    server.close()
    await once(server, 'close')
  }))
  return ports
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a listening server has no port')
  return address.port
}
