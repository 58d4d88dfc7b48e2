import type { Sink } from '../sink.ts'

/** `buffers=true`: the answer, its head included, reaches the client in one piece at its end. */
export function buffering(next: Sink): Sink {
  const pieces: Buffer[] = []
  let giveHead = (): void => {}
  const give = (): void => {
    giveHead()
    if (pieces.length > 0) next.write(Buffer.concat(pieces))
  }
  return {
    head(status, fields) { giveHead = () => next.head(status, fields) },
    write(bytes) { pieces.push(bytes) },
    end() {
      give()
      next.end()
    },
    fail(failure) {
      give()
      next.fail(failure)
    },
  }
}
