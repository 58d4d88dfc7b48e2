import type { Release, Slots } from './slots.ts'

/** What one answer holds (a slot, a connection), to be given back together. */
export class Holds {
  readonly #releases: Release[] = []

  /** False where the signal was aborted before it was this asker's turn. */
  async take(slots: Slots, signal: AbortSignal): Promise<boolean> {
    const release = await slots.take(signal)
    if (release !== undefined) this.#releases.push(release)
    return release !== undefined
  }

  add(release: Release): void {
    this.#releases.push(release)
  }

  release(): void {
    for (const release of this.#releases.splice(0)) release()
  }
}
