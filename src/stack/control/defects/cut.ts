import type { Sink } from '../sink.ts'

/**
 * `cutsAfter`: so long after the head the answer ends as if that were all of it. An answer of known length is broken off: its head promised more.
 * @param onCut tells whoever reads the model that nobody listens any more.
 */
export function cut(next: Sink, milliseconds: number, onCut: () => void): Sink {
  let timer: NodeJS.Timeout | undefined
  let isOver = false
  const over = (give: () => void): void => {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    give()
  }
  return {
    head(status, fields) {
      next.head(status, fields)
      timer = setTimeout(() => {
        over(() => next.end())
        onCut()
      }, milliseconds)
    },
    write: (bytes) => { if (!isOver) next.write(bytes) },
    end: () => over(() => next.end()),
    fail: (failure) => over(() => next.fail(failure)),
  }
}
