import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { freePorts } from './ports.ts'

test('free ports are several, can be listened on, and are none that a system gives out by itself', async () => {
  const ports = await freePorts(5)
  expect(new Set(ports).size).toBe(5)
  for (const port of ports) {
    expect(port).toBeGreaterThanOrEqual(20_000)
    expect(port).toBeLessThan(32_000)
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    server.close()
  }
})

test('ports that were asked for follow each other, and every one that is taken is told', async () => {
  const [first = 0] = await freePorts(1)
  expect(await freePorts(1, first)).toEqual([first])
  const servers = [first, first + 1].map((port) => createServer().listen(port, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  await expect(freePorts(2, first)).rejects.toMatchObject({ problems: [{ what: `Port ${first} is taken.` }, { what: `Port ${first + 1} is taken.` }] })
  for (const server of servers) server.close()
})
