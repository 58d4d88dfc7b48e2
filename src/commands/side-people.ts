import type { OpenWebUiAccounts } from '../stack/open-webui/accounts.ts'
import type { Access } from './sign-in.ts'

/** How many sit at the pages of a side beside two: every page of a person is told of all that is said to that person, which with few people would be a load of our making. */
const atPages = 14

/** How many accounts a side gets beside the three that every side has. */
export const crowdSize = (pages: boolean | undefined): number => (pages === true ? atPages : 0)

/** How a side is entered: by somebody with the role of everybody, and at its pages by all of them. */
export function entryOf({ person, other, crowd }: OpenWebUiAccounts): Access {
  const headersOf = ({ token }: { readonly token: string }): Readonly<Record<string, string>> => ({ authorization: `Bearer ${token}` })
  return { headers: headersOf(person), trust: undefined, people: [person, other, ...crowd].map(headersOf) }
}
