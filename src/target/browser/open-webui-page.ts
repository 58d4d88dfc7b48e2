import type { PagePlaces } from './page-watch.ts'

/** The releases of Open WebUI in whose page things are where they are looked for here; seen in 0.12.4. */
export const pageVersion = '0.12'

/** Where things are in Open WebUI's chat page, in English. */
export const places: PagePlaces = {
  send: '#send-message-button',
  stop: 'button[aria-label="Stop"]',
  answer: '.chat-assistant',
  words: '#response-content-container .markdown-prose',
  // A box among the parts of the answer, grey; red in versions before.
  failure: '#response-content-container > .rounded-2xl, [class*="border-red-600"]',
  toast: '[data-sonner-toast][data-type="error"], [data-sonner-toast][data-type="warning"]',
  sources: 'button[aria-label^="Toggle"][aria-label*="source"]',
}

export const input = '#chat-input'
/** What an account sees at its first visit, once. */
export const news = { dialog: '[role="dialog"]', button: "Okay, Let's Go!" }
export const search = { menu: '#integration-menu-button', item: '[role="menuitemcheckbox"]', name: 'Web Search' }

/** A new chat with a model, which the server forgets. */
export const newChat = (origin: string, model: string): string => `${origin.replace(/\/+$/, '')}/?models=${encodeURIComponent(model)}&temporary-chat=true`

/** Whether the page asks to sign in instead. */
export const isSignIn = (address: string): boolean => new URL(address).pathname.startsWith('/auth')

/**
 * What the page finds in its storage when it is opened: who is signed in, and in which language it is to speak. A page of another origin, in a frame or after a
 * redirect, finds nothing.
 */
export function storageScript(address: string, token: string | undefined): string {
  const origin = JSON.stringify(new URL(address).origin)
  const signIn = token === undefined ? '' : `localStorage.setItem('token', ${JSON.stringify(token)}); `
  return `try { if (location.origin === ${origin}) { ${signIn}localStorage.setItem('locale', 'en-US') } } catch {}`
}
