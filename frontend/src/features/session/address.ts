/** Takes the one-time code out of the address, so that it stays in no history and no screenshot. */
export function takeCode(): string | null {
  const url = new URL(window.location.href)
  const code = url.searchParams.get('code')
  if (code === null) return null
  url.searchParams.delete('code')
  window.history.replaceState(window.history.state, '', url)
  return code
}

/** Where to go after the log-in: only ever a path of this site. */
export function takeNext(home: string): string {
  const next = new URL(window.location.href).searchParams.get('next')
  return next && /^\/(?![/\\])/.test(next) ? next : home
}
