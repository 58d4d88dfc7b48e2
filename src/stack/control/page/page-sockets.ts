import { createServer, type IncomingMessage, type Server as HttpServer } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Server, Socket } from 'socket.io'
import { z } from 'zod'
import { isForgotten } from '../idleness.ts'
import type { Settings } from '../settings.ts'

export const socketPath = '/ws/socket.io/'

const authentication = z.object({ token: z.string().min(1) })
const joining = z.object({ auth: authentication })

/**
 * The sockets of pages, by socket.io itself, which is loaded when the first page comes. They are dealt to `lanes` workers; what is told to a person reaches
 * every page of that person, or where sockets are kept in memory those of one worker.
 */
export class PageSockets {
  readonly #lanes: number
  readonly #isPerWorker: boolean
  readonly #forgetsIdle: Settings['forgetsIdle']
  /** When each page was last told something, or came; kept where idle ones are forgotten. */
  readonly #toldAt = new WeakMap<Socket, number>()
  /** Never listens: socket.io takes over its upgrades, which are handed to it by the server that does. */
  #hidden: Promise<HttpServer> | undefined
  #server: Server | undefined
  #pages = 0

  constructor({ lanes, socketsInMemory, forgetsIdle }: Pick<Settings, 'lanes' | 'socketsInMemory' | 'forgetsIdle'>) {
    this.#lanes = lanes
    this.#isPerWorker = socketsInMemory
    this.#forgetsIdle = forgetsIdle
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => {})
    this.#hidden ??= this.#start()
    void this.#hidden.then((hidden) => hidden.emit('upgrade', request, socket, head))
  }

  /** @param lane the worker that tells. */
  tell(person: string, lane: number, event: object): void {
    const room = this.#room(person, lane)
    if (this.#forgetsIdle !== 'none') this.#forgetIdle(room)
    this.#server?.to(room).emit('events', event)
  }

  async close(): Promise<void> {
    await this.#hidden
    this.#server?.disconnectSockets(true)
    await this.#server?.close()
  }

  async #start(): Promise<HttpServer> {
    const { Server: SocketServer } = await import('socket.io')
    const hidden = createServer()
    const server = new SocketServer({ path: socketPath, transports: ['websocket'], serveClient: false, pingInterval: 25_000, pingTimeout: 20_000, perMessageDeflate: false })
    server.attach(hidden)
    server.on('connection', (socket) => this.#welcome(socket))
    this.#server = server
    return hidden
  }

  /** As Open WebUI does: whoever has no valid token is let in, and is told nothing. */
  #welcome(socket: Socket): void {
    // In such an order that any page has its socket with the worker of any of its requests equally often, those being dealt in turn.
    const lane = Math.floor(this.#pages / this.#lanes) % this.#lanes
    this.#pages += 1
    const join = (token: string | undefined): { id: string; name: string } | undefined => {
      if (token === undefined || !isSession(token)) return undefined
      void socket.join(this.#room(token, lane))
      return { id: token, name: token }
    }
    this.#toldAt.set(socket, performance.now())
    join(authentication.safeParse(socket.handshake.auth).data?.token)
    socket.on('heartbeat', (_: unknown, answer?: () => void) => { if (typeof answer === 'function') answer() })
    socket.on('user-join', (said: unknown, answer?: (person?: { id: string; name: string }) => void) => {
      const person = join(joining.safeParse(said).data?.auth.token)
      if (typeof answer !== 'function') return
      if (person === undefined) answer()
      else answer(person)
    })
  }

  /** They stay connected, and hear nothing more. */
  #forgetIdle(room: string): void {
    const { sockets, adapter } = this.#server?.sockets ?? {}
    for (const id of adapter?.rooms.get(room) ?? []) {
      const socket = sockets?.get(id)
      if (socket === undefined) continue
      if (isForgotten(this.#toldAt.get(socket), this.#forgetsIdle)) void socket.leave(room)
      else this.#toldAt.set(socket, performance.now())
    }
  }

  #room(person: string, lane: number): string {
    return this.#isPerWorker ? `${person}/${lane}` : person
  }
}

/** An API key opens no socket. */
const isSession = (token: string): boolean => token !== 'expired' && !token.startsWith('sk-')
