import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/** `reusesDead`: connections that the model closed or reset and that a pool without eyes gives to the next messages. */
export class DeadConnections {
  #count = 0
  readonly #announced = new WeakSet<Socket>()

  /** Every connection of the pool, from its beginning. */
  watch(socket: Socket): void {
    let isDead = false
    const die = (): void => {
      if (!isDead && !this.#announced.has(socket)) this.#count += 1
      isDead = true
    }
    socket.once('end', die)
    socket.once('error', ({ code }: NodeJS.ErrnoException) => { if (code === 'ECONNRESET' || code === 'EPIPE') die() })
  }

  /** A model that says it will close is heard even by such a pool. */
  hear(answer: IncomingMessage): void {
    if (answer.headers.connection?.toLowerCase() === 'close') this.#announced.add(answer.socket)
  }

  /** Whether the next message gets a dead one: one message for each. */
  take(): boolean {
    if (this.#count === 0) return false
    this.#count -= 1
    return true
  }
}
