import { Agent as HttpAgent, type ClientRequestArgs } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Duplex } from 'node:stream'
import type { Trust } from './connection.ts'

/** The means to dial for somebody else's client, which asks for the bytes itself. */
export interface StampedAgent {
  readonly agent: HttpAgent
  /** When the connection that was dialled last had something to read, in the clock's time. */
  readonly readAt: () => number
}

/**
 * An agent that stamps what its connection reads before the client that uses it can: `ws` and whatever parses behind it listen to a socket on which our
 * listener was the first. One connection at a time.
 */
export function stampedAgent(url: URL, trust: Trust, now: () => number, onDialled: (socket: Duplex) => void): StampedAgent {
  let readAt = 0
  const agent = url.protocol === 'https:' ? new HttpsAgent({ ...trust }) : new HttpAgent()
  const dial = agent.createConnection.bind(agent)
  agent.createConnection = (options: ClientRequestArgs, hand?: (error: Error | null, socket: Duplex) => void) => {
    const socket = dial(options, hand)
    if (socket === null || socket === undefined) return socket
    socket.prependListener('data', () => { readAt = now() })
    onDialled(socket)
    return socket
  }
  return { agent, readAt: () => readAt }
}
