const gibibyte = 2 ** 30

/** What the mock, Redis and the rest of a machine need beside the sides, bytes. */
const beside = gibibyte

/** Whether these sides may run at the same time: what they may take together, by their limits, has to be there. Otherwise swapping is what would be measured. */
export const fitTogether = (limits: readonly number[], available: number): boolean => limits.length < 2 || limits.reduce((sum, limit) => sum + limit, beside) <= available

/** `7 GB` */
export const inGigabytes = (bytes: number): string => `${Number((bytes / gibibyte).toFixed(1))} GB`
