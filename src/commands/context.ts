/** What a command needs of the world, so that tests can stand in for it. */
export interface CommandContext {
  readonly argv: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly colour: boolean
  /** Columns of the terminal; undefined where the output goes elsewhere. */
  readonly width: number | undefined
}

export const terminalOf = ({ colour, width }: CommandContext): { colour: boolean; width?: number } => (width === undefined ? { colour } : { colour, width })
