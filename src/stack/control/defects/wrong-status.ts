import type { Sink } from '../sink.ts'

/** `wrongStatus=true`: whatever went wrong before the head, the client is told that it is not allowed in. */
export const wrongStatus = (next: Sink): Sink => ({
  head: (status, fields) => next.head(status >= 400 ? 401 : status, fields),
  write: (bytes) => next.write(bytes),
  end: () => next.end(),
  // Behind the head the status does not count.
  fail: (failure) => next.fail({ ...failure, status: 401 }),
})
