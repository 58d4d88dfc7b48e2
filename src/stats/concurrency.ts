/** What is needed of an answer to know when it was told. */
interface Told {
  readonly firstTokenAt: number | null
  readonly endedAt: number
}

/** Cut off at both ends of an answer: what overlaps by so little may be one answer that begins as another ends. */
const trimmed = 0.1

/** The largest number of answers that were being told at one instant, each from its first token to its end, trimmed by 10 % at both ends. Never overstates. */
export function mostAtOnce(answers: readonly Told[]): number {
  const edges = answers.flatMap(({ firstTokenAt, endedAt }) => {
    if (firstTokenAt === null) return []
    const trim = trimmed * (endedAt - firstTokenAt)
    return [{ at: firstTokenAt + trim, step: 1 }, { at: endedAt - trim, step: -1 }]
  })
  // Where one ends at the instant at which another begins, the two did not run at once.
  edges.sort((one, other) => one.at - other.at || one.step - other.step)
  let running = 0
  let most = 0
  for (const { step } of edges) {
    running += step
    most = Math.max(most, running)
  }
  return most
}
